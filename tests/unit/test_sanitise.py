"""What must never reach the page: scripts, attributes that act, forged parts of ours, text nobody can see."""

from __future__ import annotations

import pytest

from chat.rendering.grow import GrowingText
from chat.rendering.markdown import render
from chat.rendering.sanitise import Visible, clean, escape, html_units, units, visible
from tests.unit.page_model import TARGET, Page
from tests.unit.safe_html import assert_safe

HTML = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
    "<math href='javascript:alert(1)'><mi>x</mi></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt&colon;alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='//evil.example' target=_top rel=opener>x</a>",
    "<form action=/chat/messages/><button name=text value=x>x</button></form>",
    "<input type=image src=x onerror=alert(1)>",
    "<input type=submit formaction=//evil.example>",
    "<div style='position:fixed;inset:0'>x</div>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example>",
    "<div id=stream name=stream class='message toast'>x</div>",
    "<div hx-get=/chat/ hx-trigger=load>x</div>",
    "<div data-hx-post=/chat/ data-hx-trigger=load>x</div>",
    "<div hx-on:click=alert(1) hx-on--load=alert(1)>x</div>",
    "<div hx-swap-oob=true id=composer>x</div>",
    "<div hx-ext=grow ws-connect=//evil.example sse-connect=//evil.example>x</div>",
    "<template id=stream hx-swap-oob=grow data-at=0.0.0><b>x</b></template>",
    "</template></div><div id=composer>x",
    "<copy-button for=stream onclick=alert(1)>x</copy-button>",
    "<chat-composer></chat-composer><message-stream id=stream></message-stream>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<p title='<pre><code>x'>y</p>",
    "<x is=copy-button slot=a part=b contenteditable tabindex=1 accesskey=x autofocus>x</x>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<<script>alert(1)//<</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
]
MARKDOWN = [
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](http:evil.example)",
    "[x](<javascript:alert(1)>)",
    '[x](http://a.example "x\\" onmouseover=alert(1) <pre>")',
    "[x](http://a.example/\"onmouseover='alert(1)')",
    "[x](http://a.example/<pre><code>)",
    "![x](javascript:alert(1))",
    '![x](http://a.example "<pre>")',
    '![" onerror="alert(1)](http://a.example)',
    "<javascript:alert(1)>",
    '<http://a.example/"onclick=alert(1)>',
    'http://a.example/"onclick=alert(1)',
    "http://a.example/'><script>alert(1)</script>",
    "[x]: javascript:alert(1)\n\n[x]",
    "```html\n<script>alert(1)</script>\n```",
    "```<script>alert(1)</script>\nx\n```",
    '```" onload="alert(1)\nx\n```',
    "```python hx-get=/chat/\nx\n```",
    "`<script>alert(1)</script>`",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{position:fixed}{x}$ $\class{toast}{x}$ $\cssId{stream}{x}$ $\mathrm{</math><script>}$",
    r"$\color{red\" onclick=\"alert(1)}{x}$",
    "$</math><script>alert(1)</script>$",
    "| <script> | [x](javascript:alert(1)) |\n|---|---|\n| <img src=x onerror=alert(1)> | `</td>` |",
    "[^<script>]: x\n\na[^<script>]",
    "[^1]: <script>alert(1)</script>",
    "- [x] <input onfocus=alert(1) autofocus>",
    "# <script>alert(1)</script>\n\n> <b id=stream>\n\n1. </li></ol></div>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    "<copy-button></copy-button>\n\n    </code></pre><script>alert(1)</script>",
    "\\<script>alert(1)\\</script>",
]
CORPUS = [*HTML, *MARKDOWN]
ACTING = [
    "<script", "<style", "<svg", "<iframe", "<template", "<form", "<copy-button", "<img", "<object", "javascript:",
    " on", " hx-", " id=", " style=", " data-", " name=", " is=", " slot=",
]  # fmt: skip


@pytest.mark.parametrize("source", CORPUS)
def test_it_renders_only_what_is_allowed(source: str) -> None:
    assert_safe(render(source))
    assert_safe(render(f"- item {source}\n\n> {source}\n\n{source}"))


@pytest.mark.parametrize("source", CORPUS)
def test_it_shows_only_what_is_allowed_at_every_split(source: str) -> None:
    text = f"x **{source}\n\n- {source}\n"
    for split in range(len(text)):
        growing, page = GrowingText(TARGET), Page()
        page.apply(growing.advance(text[:split]))
        assert_safe(growing.html)
    page.apply(growing.finish(text))
    assert_safe(growing.html)


@pytest.mark.parametrize("source", HTML)
def test_the_allow_list_alone_would_do(source: str) -> None:
    """The parser lets no HTML through; if it ever did, this is what would remain."""
    assert_no_action(clean(source))


def assert_no_action(html: str) -> None:
    lowered = html.lower().replace("&lt;", "‹")
    for name in ACTING:
        assert name not in lowered, (name, html)


@pytest.mark.parametrize("source", ["<b>x</b>", "a < b & c > d", "quote \" and ' \xa0 nbsp", "é😀\u2028x"])
def test_clean_spells_text_as_escape_does(source: str) -> None:
    assert clean(escape(source)) == escape(source)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("pay\u200bpal", "paypal"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("evil\u202etxt.exe\u202c", "eviltxt.exe"),
        ("\u2066x\u2069\u200e\u200f\ufeff", "x"),
        ("a\u00adb\u2060c\u3164d", "abcd"),
        ("x\ufe00\ufe01\U000e0100y", "xy"),
        ("\x00\x1b[31mred\x7f", "[31mred"),
        ("a\r\nb\rc\x85d\u2028e", "a\nb\nc\nd\ne"),
        ("a\tb", "a\tb"),
        ("\ud800x", "\ufffdx"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f⃣", "👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f⃣"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("l\u200dat\u200cin", "latin"),
        ("👩\u200d\u200d\u200d", "👩\u200d"),
    ],
)
def test_it_shows_nothing_that_nobody_can_see(source: str, shown: str) -> None:
    assert visible(source) == shown


@pytest.mark.parametrize(
    "source", ["a\r\nb\r\r\nc\r", "👩\u200d👩\u200d\u200d", "\u200d\u200cx\ufe0f\ufe0f", "\r", "क\u200d\u200cx"]
)
def test_it_sees_the_same_however_the_text_is_cut(source: str) -> None:
    for split in range(len(source) + 1):
        pieces = Visible()
        assert pieces.feed(source[:split]) + pieces.feed(source[split:]) == visible(source)


def test_it_counts_as_the_browser_does() -> None:
    assert units("aé😀") == 4
    assert html_units("&lt;a&amp;😀&nbsp;") == 6

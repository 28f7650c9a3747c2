"""Markdown to HTML: what a reader gets for what a model writes."""

from __future__ import annotations

import pytest

from chat.rendering.blocks import has_definitions
from chat.rendering.markdown import render
from chat.rendering.markdown_parser import blocks_of
from tests.unit.page_model import Element, tree

LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


def test_it_works() -> None:
    assert render("Hello *you* and **all**, `code`") == (
        "<p>Hello <em>you</em> and <strong>all</strong>, <code>code</code></p>"
    )


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("# One\n\n## Two", "<h1>One</h1><h2>Two</h2>"),
        ("a\nb", "<p>a\nb</p>"),
        ("a  \nb", "<p>a<br>b</p>"),
        ("---", "<hr>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("- a\n- b\n\n- c", "<ul><li><p>a</p></li><li><p>b</p></li><li><p>c</p></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("- a\n  - b", "<ul><li>a<ul><li>b</li></ul></li></ul>"),
        ("> a\n> b", "<blockquote><p>a\nb</p></blockquote>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("Text:\n- a", "<p>Text:</p><ul><li>a</li></ul>"),
        ("A title\n===", "<h1>A title</h1>"),
    ],
)
def test_it_renders_commonmark_without_white_space_between_blocks(source: str, html: str) -> None:
    assert render(source) == html


def test_it_renders_tables_with_alignment() -> None:
    html = render("| a | b |\n|---|--:|\n| 1 | `x` |\n| 2 |")
    assert html == (
        '<div class="table" tabindex="0"><table><thead><tr><th>a</th><th class="align-right">b</th></tr></thead>'
        '<tbody><tr><td>1</td><td class="align-right"><code>x</code></td></tr>'
        '<tr><td>2</td><td class="align-right"></td></tr></tbody></table></div>'
    )


def test_it_renders_tasks_with_a_name_for_screen_readers() -> None:
    assert render("- [x] done\n- [ ] not") == (
        '<ul><li class="task"><input type="checkbox" aria-label="Done" checked="" disabled=""> done</li>'
        '<li class="task"><input type="checkbox" aria-label="To do" disabled=""> not</li></ul>'
    )


def test_it_renders_code_with_classes_and_a_copy_button() -> None:
    html = render("```python\nif x:\n    pass\n```")
    assert html == (
        '<div class="code"><div class="code__bar"><span class="code__language">python</span>'
        '<copy-button><button type="button">Copy</button></copy-button></div>'
        '<pre tabindex="0"><code class="language-python"><span class="k">if</span> x:\n'
        '    <span class="k">pass</span>\n</code></pre></div>'
    )


def test_it_gives_nested_code_the_same_frame() -> None:
    html = render("- a\n  ```python\n  pass\n  ```")
    assert '<li>a<div class="code"><div class="code__bar"><span class="code__language">python</span>' in html
    assert html.endswith('<span class="k">pass</span>\n</code></pre></div></li></ul>')


@pytest.mark.parametrize("info", ["no-such-language", '"><b>', "x" * 500, "PYTHON\x00"])
def test_it_takes_only_languages_it_knows_as_a_class(info: str) -> None:
    html = render(f"```{info}\nx\n```")
    assert "language-" not in html.replace("language-python", "").replace("code__language", "")


@pytest.mark.parametrize(
    ("source", "html"),
    [
        (
            "see https://a.example/b(c).",
            f'<p>see <a href="https://a.example/b(c)" {LINK}>https://a.example/b(c)</a>.</p>',
        ),
        ("(http://a.example)", f'<p>(<a href="http://a.example" {LINK}>http://a.example</a>)</p>'),
        ("<https://a.example>", f'<p><a href="https://a.example" {LINK}>https://a.example</a></p>'),
        ("[x](mailto:a@b.example)", f'<p><a href="mailto:a@b.example" {LINK}>x</a></p>'),
        ("main.py and README.md", "<p>main.py and README.md</p>"),
        ("`http://a.example`", "<p><code>http://a.example</code></p>"),
        ("[a](/chat/x/stop/)", "<p>[a](/chat/x/stop/)</p>"),
        ("![cat](http://evil.example/?q=secret)", f'<p><a href="http://evil.example/?q=secret" {LINK}>cat</a></p>'),
        ("[![cat](http://a.example/i)](http://b.example)", f'<p><a href="http://b.example" {LINK}>cat</a></p>'),
    ],
)
def test_it_links_pages_and_mail_and_nothing_else(source: str, html: str) -> None:
    assert render(source) == html


@pytest.mark.parametrize("source", [r"$a^2$", r"\(a^2\)", "$$a^2$$", r"\[a^2\]", "$$\na^2\n$$", "x:\n\\[\na^2\n\\]"])
def test_it_renders_math(source: str) -> None:
    html = render(source)
    assert "<msup><mi>a</mi><mn>2</mn></msup>" in html
    assert "$" not in html and "\\" not in html


@pytest.mark.parametrize("source", ["costs $5 and $6", "from $5-$6", "a $ b $ c", r"\$a\$", "$$\n\na$$", "$" * 50])
def test_it_leaves_prices_alone(source: str) -> None:
    assert "<math" not in render(source)


@pytest.mark.parametrize("source", [r"\frac", "{" * 900, "x^" * 500, "a" * 5_000, r"\begin{matrix}", r"\left( x"])
def test_it_shows_the_source_of_what_is_no_formula(source: str) -> None:
    html = render(f"${source}$")
    assert source.replace("&", "&amp;") in html
    assert "<math" not in html


def test_it_keeps_footnotes_where_they_stand_and_without_ids() -> None:
    html = render("Claim[^1].\n\n[^1]: Proof *here*.")
    assert html == (
        '<p>Claim<sup class="footnote-ref">[1]</sup>.</p>'
        '<div class="footnote"><sup class="footnote-ref">[1]</sup><p>Proof <em>here</em>.</p></div>'
    )


def test_it_resolves_link_definitions_wherever_they_stand() -> None:
    html = render("[one][x] and\n\n- [x]\n\n[x]: http://a.example")
    assert html.count('href="http://a.example"') == 2
    assert "[x]" not in html


def test_it_shows_html_as_text() -> None:
    assert render("<b onclick=alert(1)>x</b> &amp; &lt;") == "<p>&lt;b onclick=alert(1)&gt;x&lt;/b&gt; &amp; &lt;</p>"


def test_it_loses_no_text_that_nests_too_deep() -> None:
    assert "treasure" in render("> " * 100 + "treasure")
    assert "treasure" in render("".join("  " * depth + "- x\n" for depth in range(30)) + "  " * 30 + "- treasure")


@pytest.mark.parametrize("source", ["", " ", "\n\n", "\u200b", "\x00"])
def test_it_renders_nothing_for_nothing(source: str) -> None:
    assert render(source) == ""


HOSTILE = [
    "[", "![", "*", "* a ", "**a", ">", "> - ", "|", "|\n", "`", "`a ", "<", "&", "_a_", "[a](", "[a]: b\n", "](",
    "http://a ", "http://(", "~~a", "\\", "- ", "-\n", "- a\n\n", "x\n=\n", "[a][", "$", "$a ", "$$\n", "\\(", "\\[a\n",
    "[^", "[^a]", "[^a]: b\n", "a|b\n-|-\n", "- a\nb\n", "```\n", "    a\n\n", "\u200d", "a\u200d", "$\\frac{", "x^$ ",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_it_costs_no_more_than_the_text_is_long(piece: str) -> None:
    """Count calls, not seconds: four times the text may cost little more than four times the work."""
    small, large = (calls_of(piece * (length // len(piece))) for length in (2_000, 8_000))
    assert large <= 5.5 * small + 3_000, (small, large)


def test_it_does_not_let_short_table_rows_become_pages_of_cells() -> None:
    head = "|a" * 60 + "|\n" + "|-" * 60 + "|\n"
    assert len(render((head + "|\n" * 200) * 10)) < 400_000


def calls_of(text: str) -> int:
    """Count the Python and C calls that rendering makes."""
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.runcall(render, text)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def outline(element: Element) -> list[str]:
    return [child.tag if isinstance(child, Element) else "#text" for child in element.children]


@pytest.mark.parametrize(
    "source", ["a\n\nb\n- c\n\n    code\n", "# a\nb\n***\n```\nc\n```\n> d\n\n| a |\n|---|\n| b |\n"]
)
def test_it_makes_each_block_one_element(source: str) -> None:
    assert not has_definitions(source)
    assert outline(tree(render(source))) == [outline(tree(block))[0] for block in blocks_of(source)]

"""One tab of one person: how the tests drive and read the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

CLOSED = re.compile("completed|stopped|failed")
# What a network that is cut on purpose makes the browser print.
NETWORK_NOISE = re.compile(r"net::ERR_|WebSocket connection to|Failed to load resource|^htmx:(sendError|afterRequest)")

WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""

# The article as HTML in one spelling: htmx's passing marks and the seconds that count up left out.
SPELLED = """(article) => {
  const copy = article.cloneNode(true);
  copy.normalize();
  for (const clock of copy.querySelectorAll("elapsed-time")) clock.textContent = "";
  return copy.outerHTML;
}"""


@dataclass
class Tab:
    page: Page
    base: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(WATCH_POLICY)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not NETWORK_NOISE.search(message.text):
            self.problems.append(message.text)

    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.violations ?? []")
        return found

    def open(self, path: str = "/chat/") -> Tab:
        self.page.goto(self.base + path)
        return self

    @property
    def composer(self) -> Locator:
        return self.page.locator("#composer-text")

    @property
    def answer(self) -> Locator:
        """The last answer."""
        return self.page.locator("article.message--assistant").last

    @property
    def body(self) -> Locator:
        return self.answer.locator(".message__body")

    @property
    def status(self) -> Locator:
        return self.answer.locator(".status")

    @property
    def chat_id(self) -> str:
        return str(self.page.locator("#stream").get_attribute("data-chat"))

    @property
    def answer_id(self) -> str:
        return str(self.answer.get_attribute("id")).removeprefix("message-")

    def send(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def stop(self) -> None:
        self.page.get_by_role("button", name="Stop the answer").click()

    def wait_for_text(self, text: str) -> None:
        expect(self.body).to_contain_text(text)

    def wait_for_end(self, state: str = "completed") -> None:
        expect(self.status).to_have_attribute("data-state", CLOSED)
        expect(self.status).to_have_attribute("data-state", state)

    def spelled(self) -> str:
        """The last answer's HTML."""
        text: str = self.answer.evaluate(SPELLED)
        return text

    def messages_spelled(self) -> str:
        text: str = self.page.locator("#messages").evaluate(SPELLED)
        return text

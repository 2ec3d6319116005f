"""A visitor with a browser: notes what goes wrong on every page, and checks accessibility."""

from __future__ import annotations

import shutil
from functools import cache
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage

from config import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = ROOT / ".vendor-dev" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def axe_source() -> str:
    return AXE.read_text(encoding="utf-8")


class Visitor:
    """One window. `check()` after each page passed through."""

    def __init__(self, context: BrowserContext, *, javascript: bool) -> None:
        self.context = context
        self.javascript = javascript
        self.page = context.new_page()
        self.troubles: list[str] = []
        self.checked: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        # A refusal by the content security policy is an error of the console too.
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.type} on {self.page.url}: {message.text}")

    def go(self, address: str) -> None:
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.status == 200, f"{address}: {answer.status}"
        self.check()

    def check(self) -> None:
        """The page is sound: accessible, nothing wider than the window, no error so far."""
        assert self.page.locator("h1").count() == 1, self.page.url
        if self.javascript:
            self._check_accessibility()
            wide = self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{self.page.url} is {wide} px wider than the window"
        self.checked.append(self.page.url)
        assert self.troubles == []

    def _check_accessibility(self) -> None:
        self.page.evaluate(axe_source())
        options = {"runOnly": {"type": "tag", "values": RULES}}
        result: dict[str, Any] = self.page.evaluate(
            "options => axe.run(document, options)", options
        )
        found = [
            f"{violation['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
        assert found == [], f"{self.page.url}\n" + "\n".join(found)

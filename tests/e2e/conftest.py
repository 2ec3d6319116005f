"""A real headless Chromium, and demonstrations to go through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import CHROMIUM, CHROMIUM_FLAGS, Visitor
from tests.support.demo import Demo


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": CHROMIUM_FLAGS}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demonstration that has just started, in a folder of its own."""
    one = Demo(tmp_path / "dossier de démo")
    try:
        one.start()
        yield one
    finally:
        one.close()


@pytest.fixture
def visit(browser: Browser, demo: Demo) -> Iterator[Any]:
    """Opens a browser window on the demonstration: `visit(width=360, javascript=False)`."""
    opened: list[Visitor] = []

    def open_window(*, width: int = 1440, javascript: bool = True) -> Visitor:
        context = browser.new_context(
            base_url=demo.base,
            viewport={"width": width, "height": 900},
            java_script_enabled=javascript,
            locale="fr-FR",
            timezone_id="Europe/Paris",
        )
        context.set_default_timeout(20_000)
        visitor = Visitor(context, javascript=javascript)
        opened.append(visitor)
        return visitor

    yield open_window
    for visitor in opened:
        visitor.context.close()

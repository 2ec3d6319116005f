"""Templates, style sheets and scripts keep the habits of the house."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
COMPONENTS = sorted((ROOT / "templates/components").glob("*.html"))
SHEETS = sorted((ROOT / "static/css").rglob("*.css"))
SCRIPTS = sorted((ROOT / "static/js").rglob("*.js"))
GLOBALS = ("request", "session", "current_user", "config.", "g.", "url_for", "get_flashed_messages")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*TEMPLATES, *SHEETS, *SCRIPTS], ids=name)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", COMPONENTS, ids=name)
def test_a_component_file_exports_the_macro_of_its_name_and_no_other(path: Path) -> None:
    macros = re.findall(r"{% macro (\w+)\(", path.read_text())
    assert [macro for macro in macros if not macro.startswith("_")] == [path.stem]


@pytest.mark.parametrize("path", COMPONENTS, ids=name)
def test_components_read_no_global(path: Path) -> None:
    code = " ".join(re.findall(r"{[{%].*?[}%]}", path.read_text(), re.DOTALL))
    assert not [word for word in GLOBALS if re.search(rf"(?<![\w.\"]){re.escape(word)}", code)]


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_hold_nothing_inline(path: Path) -> None:
    assert not re.search(r"\sstyle=|<style|\son\w+=\"|<script(?![^>]*\ssrc=)", path.read_text())


def test_every_component_is_shown_on_the_component_page() -> None:
    page = (ROOT / "templates/pages/components.html").read_text()
    inner = {"court", "field_error"}  # drawn by other components
    missing = (
        {path.stem for path in COMPONENTS}
        - inner
        - set(re.findall(r'from "components/(\w+).html"', page))
    )
    assert not missing


def test_every_icon_that_is_asked_for_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/img/icons.svg").read_text()))
    asked = set()
    for path in TEMPLATES:
        asked |= set(re.findall(r'icon\("([\w-]+)"|icon_name="([\w-]+)"', path.read_text()))
    assert not {one or other for one, other in asked} - drawn


def test_no_style_sheet_reaches_outside() -> None:
    for path in SHEETS:
        assert not re.search(r"https?://|@import", path.read_text()), path


def test_every_style_sheet_is_linked() -> None:
    base = (ROOT / "templates/base.html").read_text()
    listed = set(re.findall(r'"([\w/]+)"', base.split("{% for sheet in")[1].split("%}")[0]))
    known = {str(path.relative_to(ROOT / "static/css").with_suffix("")) for path in SHEETS}
    assert known - {"sample", "demo", "day"} == listed  # linked by the pages that show them

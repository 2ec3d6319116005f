"""What people read is French, and comes from templates that hold no script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import ROOT

TEMPLATES = sorted(
    path
    for folder in (ROOT / "templates", ROOT / "salle" / "demo" / "simulators" / "templates")
    for path in [*folder.rglob("*.html"), *folder.rglob("*.txt")]
)
# Words that no French sentence of ours has; a light net, not a spell checker.
ENGLISH = re.compile(
    r"\b(?:the|and|your|you|with|please|submit|cancel|search|sign in|log in|loading|welcome"
    r"|booking|error occurred|not found|click here|previous|save|delete)\b",
    re.IGNORECASE,
)
SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=|\sstyle\s*=|javascript:", re.IGNORECASE)
NOT_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
NOT_TEXT = re.compile(
    r"<!--.*?-->|<(?:script|style|code)\b.*?</(?:script|style|code)>|</?[a-zA-Z!][^>]*>", re.DOTALL
)
READ_ALOUD = re.compile(r'\b(?:alt|title|aria-label|placeholder)="([^"{]*)"')


def visible(source: str) -> str:
    """What a person reads or hears: texts and attributes read aloud."""
    source = NOT_JINJA.sub(" ", source)
    return " ".join([NOT_TEXT.sub(" ", source), *READ_ALOUD.findall(source)])


def identity(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=identity)
def test_no_english_is_shown(path: Path) -> None:
    assert ENGLISH.findall(visible(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", [p for p in TEMPLATES if p.suffix == ".html"], ids=identity)
def test_no_inline_script_or_style(path: Path) -> None:
    assert SCRIPT.findall(NOT_JINJA.sub("", path.read_text(encoding="utf-8"))) == []


def test_the_nets_catch_something() -> None:
    assert ENGLISH.search(visible("<p>Please wait</p>"))
    assert ENGLISH.search(visible('<img alt="The hall">'))
    assert not ENGLISH.search(visible("{# the hall #}<p class='the'>Une salle</p>{{ the }}"))
    assert SCRIPT.search("<button onclick='x()'>")
    assert SCRIPT.search("<script>x()</script>")

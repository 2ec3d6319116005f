"""The documentation says what the code does: tables are compared, not trusted."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import metadata

import click
import pytest
from flask import Flask

from config import ROOT
from salle.bookings.rules import ACTIVE_STATES, TRANSITIONS
from salle.cli import cli
from salle.kernel.errors import DomainError
from salle.web.errors import CODES as HTTP_CODES

PAGES = (
    "README.md",
    "LISEZMOI.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")),
)
# What the older, free-form fields of a package's metadata may say → the family it means.
FAMILIES = {
    "mit": "MIT",
    "bsd": "BSD",
    "apache": "Apache",
    "mozilla": "MPL",
    "mpl": "MPL",
    "lesser": "LGPL",
    "lgpl": "LGPL",
}

# Errors of imports by the command line, and an answer that nothing gives yet.
NOT_OF_THE_API = {"bad_calendar", "calendar_not_fetched", "unusable_file", "rate_limited"}


@cache
def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """What stands below a heading, up to the next heading of the same level or above."""
    match = re.search(rf"^(#+) {re.escape(title)}$", read(page), re.MULTILINE)
    assert match, f"{page}: no section « {title} »"
    rest = read(page)[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(page: str, title: str) -> list[list[str]]:
    """Cells of the first table of a section, without its heading."""
    lines = [line for line in section(page, title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def unquoted(cell: str) -> str:
    return cell.strip("`")


def documented(title: str) -> dict[str, str]:
    """Package → licence."""
    table = rows("docs/dependencies.md", title)
    assert all(why for _, why, _ in table)
    return {unquoted(name): licence for name, _, licence in table}


def declared() -> dict[str, set[str]]:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    lists = {
        "To run": project["dependencies"],
        "To develop and test": project["optional-dependencies"]["dev"],
    }
    return {
        title: {re.split(r"[^\w.-]", entry)[0].lower() for entry in entries}
        for title, entries in lists.items()
    }


@pytest.mark.parametrize("title", ["To run", "To develop and test"])
def test_every_python_dependency_has_a_reason_and_a_licence(title: str) -> None:
    assert set(documented(title)) == declared()[title]


def test_every_front_end_dependency_has_a_reason_and_a_licence() -> None:
    package = json.loads(read("package.json"))
    locked = json.loads(read("package-lock.json"))["packages"]
    wanted = {
        name: locked[f"node_modules/{name}"]["license"]
        for name in {**package["dependencies"], **package["devDependencies"]}
    }
    assert documented("In the browser") == wanted


def test_the_licences_are_those_of_the_installed_packages() -> None:
    stated = documented("To run") | documented("To develop and test")
    assert [
        line for name, licence in stated.items() for line in contradictions(name, licence)
    ] == []


def contradictions(name: str, licence: str) -> Iterator[str]:
    facts = metadata(name)
    expression = facts["License-Expression"]
    if expression:
        if expression != licence:
            yield f"{name}: {licence}, its metadata say {expression}"
        return
    said = [facts["License"] or "", *(facts.get_all("Classifier") or [])]
    words = " ".join(text for text in said if "::" not in text or "License" in text).lower()
    families = {family for word, family in FAMILIES.items() if re.search(rf"\b{word}", words)}
    if not any(licence.startswith(family) for family in families):
        yield f"{name}: {licence}, its metadata say {sorted(families)}"


def test_the_state_table_is_the_one_of_the_rules() -> None:
    table = rows("docs/architecture.md", "States of a booking")
    shown = {
        unquoted(state): (takes == "yes", set(re.findall(r"`(\w+)`", targets)))
        for state, _, takes, targets, _ in table
    }
    assert shown == {
        state.value: (state in ACTIVE_STATES, {target.value for target in targets})
        for state, targets in TRANSITIONS.items()
    }
    assert {unquoted(row[0]): row[1] for row in table} == {s.value: s.label for s in TRANSITIONS}


def commands(group: click.Group, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


@pytest.mark.parametrize(
    ("page", "title"), [("README.md", "Commands"), ("LISEZMOI.md", "Commandes")]
)
def test_every_command_is_listed(page: str, title: str) -> None:
    listed = {unquoted(row[0]) for row in rows(page, title)}
    assert listed == set(commands(cli, "salle"))


@pytest.mark.parametrize(
    ("page", "title"), [("README.md", "Map of the code"), ("LISEZMOI.md", "Plan du code")]
)
def test_every_package_is_on_the_map(page: str, title: str) -> None:
    listed = {unquoted(row[0]) for row in rows(page, title)}
    assert listed == {f"salle/{path.parent.name}" for path in ROOT.glob("salle/*/__init__.py")}


def test_the_glossary_names_things_that_exist_in_both_languages_alike() -> None:
    english, french = rows("README.md", "Glossary"), rows("LISEZMOI.md", "Glossaire")
    assert [row[1:] for row in english] == [row[1:] for row in french]
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("salle/**/*.py"))
    names = {name for row in english for name in re.findall(r"`([^`]+)`", row[2])}
    assert {name for name in names if not re.search(rf"\b{re.escape(name)}\b", code)} == set()


def as_path(rule: str) -> str:
    """« /rooms/<uuid:room_id> » → « /rooms/{room_id} »."""
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule)


def test_every_call_of_the_api_is_described(app: Flask) -> None:
    described = set(re.findall(r"^#+ `([A-Z]+ /\S+)`$", read("docs/api.md"), re.MULTILINE))
    prefix = "/api/v1"
    assert described == {
        f"{method} {as_path(rule.rule.removeprefix(prefix))}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(prefix)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_error_code_of_the_api_is_described() -> None:
    described = {unquoted(row[0]) for row in rows("docs/api.md", "Errors")}
    raised = {error.code for error in all_errors(DomainError)} | set(HTTP_CODES.values())
    source = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("salle/**/*.py"))
    assert raised - described <= NOT_OF_THE_API
    assert {code for code in described if f'"{code}"' not in source} == set()


def all_errors(base: type[DomainError]) -> Iterator[type[DomainError]]:
    yield base
    for error in base.__subclasses__():
        yield from all_errors(error)


def test_every_variable_of_the_environment_is_described() -> None:
    described = {unquoted(row[0]) for row in rows("docs/deployment.md", "Settings")}
    assert described == set(
        re.findall(r"""(?:env\.get|need)\(\s*"([A-Z_]+)\"""", read("config.py"))
    )


def test_no_link_of_the_documentation_is_dead() -> None:
    dead = [
        f"{page}: {target}"
        for page in PAGES
        for target in re.findall(r"(?<!!)\[[^]]*\]\(([^)#\s]+)", read(page))
        if "://" not in target and not ((ROOT / page).parent / target).exists()
    ]
    assert dead == []


def test_every_decision_is_listed() -> None:
    files = {path.name for path in ROOT.glob("docs/decisions/[0-9]*.md")}
    assert set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", read("docs/decisions/README.md"))) == files

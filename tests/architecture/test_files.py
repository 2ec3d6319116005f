"""What is committed: small files, no secret, nothing of the machine it was written on."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config import ROOT

MOST_LINES = 400
# Allowed to be longer, and why.
LONG_FILES = {
    "migrations/versions/0001_people_and_places.py": "the first tables, one subject, frozen",
}
LENGTH_SUFFIXES = {".py", ".html", ".css", ".js", ".sql", ".sh", ".toml"}

SECRETS = re.compile(
    r"sk_live_|rk_live_|whsec_[0-9a-zA-Z]{24}|sk_test_[0-9a-zA-Z]{24}|AKIA[0-9A-Z]{16}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|gh[pousr]_[0-9A-Za-z]{30}|xox[bap]-[0-9A-Za-z-]{20}"
)
MACHINE_PATHS = re.compile(r"(?<![\w.<-])/(?:work|root|home/\w+|Users/\w+|builds)/[\w.-]+")
INDEX_SETTINGS = re.compile(
    r"(?:--(?:extra-)?index-url|--trusted-host|registry\s*=)\s*[\"']?https?://\S+"
)
PUBLIC_NPM = "https://registry.npmjs.org/"
BINARY = {".png", ".jpg", ".webp", ".avif", ".woff2", ".ico", ".pdf"}
# These hold the patterns themselves.
SELF = {"tests/architecture/test_files.py"}


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return tuple(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix not in BINARY and name not in SELF:
            yield name, path.read_text(encoding="utf-8")


def found(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name}: {match[0]}" for name, text in texts() for match in pattern.finditer(text)]


def test_no_file_is_long() -> None:
    long = {
        name: lines
        for name, text in texts()
        if Path(name).suffix in LENGTH_SUFFIXES
        and (lines := text.count("\n")) > MOST_LINES
        and name not in LONG_FILES
    }
    assert long == {}


def test_exceptions_to_the_length_are_still_needed() -> None:
    still = {name for name, text in texts() if text.count("\n") > MOST_LINES}
    assert set(LONG_FILES) <= still
    assert all(LONG_FILES.values())


def test_no_secret_is_committed() -> None:
    assert found(SECRETS) == []


def test_no_path_of_a_machine_is_committed() -> None:
    assert found(MACHINE_PATHS) == []


def test_no_package_index_is_committed() -> None:
    assert found(INDEX_SETTINGS) == []
    resolved = re.compile(r'"resolved": "(?!' + re.escape(PUBLIC_NPM) + r')[^"]+"')
    assert found(resolved) == []


def test_the_indexes_of_this_machine_are_not_named() -> None:
    variables = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "npm_config_registry")
    hosts = {urlsplit(os.environ.get(name, "")).hostname for name in variables}
    public = {None, "pypi.org", "registry.npmjs.org", "localhost", "127.0.0.1"}
    named = [name for name, text in texts() for host in hosts - public if host and host in text]
    assert named == []


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        (SECRETS, "key = sk_live_abc"),
        (MACHINE_PATHS, "open('/home/someone/data.csv')"),
        (INDEX_SETTINGS, "pip install --index-url https://packages.invalid/simple"),
    ],
)
def test_the_patterns_find_what_they_look_for(pattern: re.Pattern[str], sample: str) -> None:
    assert pattern.search(sample)

"""A page object that polices every HTML answer it opens."""

from __future__ import annotations

from collections import Counter
from typing import Any

import html5lib
from bs4 import BeautifulSoup, Tag

SERVICE = "La salle sur demande"
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}
INLINE = "inline script, handler or style"


class Page:
    """One HTML page; opening it fails with the list of everything that is wrong in it."""

    def __init__(self, markup: str) -> None:
        problems = find_problems(markup)
        assert not problems, "\n".join(problems)
        self.soup = BeautifulSoup(markup, "html5lib")

    @classmethod
    def of(cls, response: Any, *, status: int = 200) -> Page:
        """Open a test client's answer; fails on another status or content type."""
        assert response.status_code == status, (response.status_code, response.location)
        assert response.mimetype == "text/html"
        return cls(response.get_data(as_text=True))

    @property
    def title(self) -> str:
        return _text(self.soup.title)

    @property
    def h1(self) -> str:
        return _text(self.soup.h1)

    @property
    def main(self) -> Tag:
        return self.one("main")

    @property
    def text(self) -> str:
        """Words of the main part; every kind of space is a plain one."""
        return _text(self.main)

    def one(self, selector: str) -> Tag:
        """The only element that matches."""
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} elements match {selector!r}"
        return found[0]

    def all(self, selector: str) -> list[Tag]:
        return list(self.soup.select(selector))

    def texts(self, selector: str) -> list[str]:
        return [_text(element) for element in self.all(selector)]

    def link(self, words: str) -> str:
        """The address of the only link that reads so."""
        found = [link for link in self.all("a[href]") if _text(link) == words]
        assert len(found) == 1, f"{len(found)} links read {words!r}"
        return str(found[0]["href"])

    def form(self, selector: str = "main form") -> dict[str, str]:
        """What a browser would send if the form were submitted now."""
        data: dict[str, str] = {}
        for control in self.one(selector).select("input[name], select[name], textarea[name]"):
            value = _value(control)
            if value is not None:
                data[str(control["name"])] = value
        return data

    def errors(self) -> list[str]:
        """Sentences of the error summary."""
        return self.texts(".c-errors li")


def find_problems(markup: str) -> list[str]:
    """Everything wrong with a page, in words; empty when it is as every page should be."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.parse(markup)
    problems = [f"parse error at {where}: {code}" for where, code, _ in parser.errors]
    soup = BeautifulSoup(markup, "html5lib")
    for check in (_frame, _ids, _labels, _forms, _inline):
        problems += check(soup)
    return problems


def _frame(soup: BeautifulSoup) -> list[str]:
    problems = []
    if (lang := (soup.html or {}).get("lang")) != "fr":
        problems.append(f"lang is {lang!r}")
    if not _text(soup.title).endswith(f" – {SERVICE}"):
        problems.append(f"title does not end with the service's name: {_text(soup.title)!r}")
    if _text(soup.title).startswith("–"):
        problems.append("title says nothing of this page")
    if (count := len(soup.find_all("h1"))) != 1:
        problems.append(f"{count} h1")
    skip = soup.select_one("body > a.c-skip")
    if skip is None or soup.select_one(str(skip["href"])) is None:
        problems.append("no skip link, or its target is missing")
    levels = [int(heading.name[1]) for heading in soup.select("h1, h2, h3, h4, h5, h6")]
    problems += [
        f"heading jumps from h{before} to h{after}"
        for before, after in zip(levels, levels[1:], strict=False)
        if after > before + 1
    ]
    return problems


def _ids(soup: BeautifulSoup) -> list[str]:
    counts = Counter(str(element["id"]) for element in soup.select("[id]"))
    problems = [
        f"id {name!r} is there {count} times" for name, count in counts.items() if count > 1
    ]
    for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "for"):
        for element in soup.select(f"[{attribute}]"):
            problems += [
                f"{attribute} names {name!r}, which is not there"
                for name in str(element[attribute]).split()
                if name not in counts
            ]
    return problems


def _labels(soup: BeautifulSoup) -> list[str]:
    labelled = {str(label["for"]) for label in soup.select("label[for]") if _text(label)}
    problems = []
    for control in soup.select("input, select, textarea"):
        if control.get("type") in UNLABELLED:
            continue
        parent = control.find_parent("label")
        named = control.get("aria-label") or control.get("aria-labelledby")
        if not (named or control.get("id") in labelled or (parent and _text(parent))):
            problems.append(f"no label: {control}")
    problems += [f"no words: {b}" for b in soup.select("button, a[href]") if not _name(b)]
    problems += [f"no alt: {image}" for image in soup.select("img:not([alt])")]
    return problems


def _forms(soup: BeautifulSoup) -> list[str]:
    problems = []
    for form in soup.find_all("form"):
        if form.get("method", "get").lower() != "post":
            continue
        tokens = form.select("input[type=hidden][name=csrf_token]")
        if len(tokens) != 1 or not tokens[0].get("value"):
            problems.append(f"POST form without its csrf_token: {form.get('action')}")
    return problems


def _inline(soup: BeautifulSoup) -> list[str]:
    problems = [f"{INLINE}: <style>" for _ in soup.find_all("style")]
    problems += [f"{INLINE}: <script>" for script in soup.select("script:not([src])")]
    for element in soup.find_all(True):
        wrong = [name for name in element.attrs if name == "style" or name.startswith("on")]
        problems += [f"{INLINE}: {element.name} {name}" for name in wrong]
        if str(element.get("href", "")).lower().startswith("javascript:"):
            problems.append(f"{INLINE}: {element.name} javascript:")
    return problems


def _name(element: Tag) -> str:
    return str(element.get("aria-label") or "") or _text(element)


def _text(element: Tag | None) -> str:
    return " ".join(element.get_text(" ").split()) if element is not None else ""


def _value(control: Tag) -> str | None:
    if control.name == "select":
        chosen = control.select_one("option[selected]") or control.select_one("option")
        return str(chosen.get("value", "")) if chosen else None
    if control.name == "textarea":
        return control.get_text().removeprefix("\n")
    if control.get("type") in {"checkbox", "radio"} and not control.has_attr("checked"):
        return None
    return str(control.get("value", ""))

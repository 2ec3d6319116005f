"""The page object must find each fault it is there to find."""

from __future__ import annotations

import pytest

from tests.support.html import Page, find_problems

GOOD = (
    '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
    "<title>Aide – La salle sur demande</title></head><body>"
    '<a class="c-skip" href="#contenu">Aller au contenu</a>'
    '<main id="contenu"><h1>Aide</h1>{}</main></body></html>'
)
POST = '<form method="post" action="/x">{}<button>Payer le collège</button></form>'


def test_a_good_page_has_no_problem() -> None:
    token = '<input type="hidden" name="csrf_token" value="abc">'
    field = '<label for="n">Nom</label><input id="n" name="n" value="Léa">'
    page = Page(GOOD.format(POST.format(token + field)))
    assert page.h1 == "Aide"
    assert page.form() == {"csrf_token": "abc", "n": "Léa"}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<h1>Encore</h1>", "2 h1"),
        ('<p id="a"></p><p id="a"></p>', "id 'a' is there 2 times"),
        ('<input name="n">', "no label"),
        ('<label for="n"></label><input id="n">', "no label"),
        (POST.format(""), "csrf_token"),
        (POST.format('<input type="hidden" name="csrf_token" value="">'), "csrf_token"),
        ("<script>alert(1)</script>", "inline"),
        ('<p style="color:red">x</p>', "inline"),
        ('<button onclick="x()">Payer</button>', "inline"),
        ('<a href="javascript:x()">x</a>', "inline"),
        ("<style>p{}</style>", "inline"),
        ('<p aria-describedby="nowhere">x</p>', "nowhere"),
        ('<label for="nowhere">x</label>', "nowhere"),
        ("<h3>x</h3>", "heading jumps"),
        ('<a href="/x"><svg></svg></a>', "no words"),
        ('<img src="/x.png">', "no alt"),
        ("<p><div></div></p>", "parse error"),
    ],
)
def test_a_fault_is_found(body: str, fault: str) -> None:
    assert any(fault in problem for problem in find_problems(GOOD.format(body)))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('lang="fr"', 'lang="en"', "lang"),
        ("Aide – La salle sur demande", "Aide", "title"),
        ("Aide – La salle sur demande", " – La salle sur demande", "nothing of this page"),
        ('href="#contenu"', 'href="#ailleurs"', "skip link"),
        ("<!doctype html>", "", "parse error"),
    ],
)
def test_a_fault_of_the_frame_is_found(old: str, new: str, fault: str) -> None:
    assert any(fault in problem for problem in find_problems(GOOD.replace(old, new)))

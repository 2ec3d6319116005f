"""The whole path, as an association: find, sign in, book, pay, get in; the fund sees the hour."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from salle.kernel.clock import to_wall, utcnow
from tests.support.browser import Visitor
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo")]

QUARTER = timedelta(minutes=15)
PERSONA = "association@demo.example"


def next_quarter(now: datetime) -> datetime:
    """A quarter of an hour that starts soon: far enough to book it, near enough to get in."""
    soon = to_wall(now) + timedelta(minutes=3)
    return soon + (QUARTER - (soon - soon.replace(minute=0, second=0, microsecond=0)) % QUARTER)


def sign_in(visitor: Visitor) -> None:
    """From our sign-in page, through the simulated provider, and back."""
    page = visitor.page
    expect(page).to_have_url(re.compile("/connexion$"))
    visitor.check()
    page.get_by_role("main").get_by_role("button", name=re.compile("connect", re.I)).click()
    expect(page).to_have_url(re.compile("/identite/"))
    visitor.check()
    page.get_by_role("button", name=re.compile(PERSONA)).click()


@pytest.mark.parametrize(
    ("width", "javascript"),
    [(1440, True), (360, True), (1440, False)],
    ids=["wide", "narrow", "no-js"],
)
def test_an_association_goes_the_whole_way(
    demo: Demo, visit: Callable[..., Visitor], width: int, javascript: bool
) -> None:
    visitor = visit(width=width, javascript=javascript)
    page = visitor.page

    # Find: the home page's sentence, the list, the room.
    visitor.go("/")
    page.get_by_role("main").get_by_role("button", name=re.compile("cherch", re.I)).first.click()
    expect(page).to_have_url(re.compile(r"/salles\?"))
    visitor.check()
    visitor.go("/salles?q=salle-essai")
    page.get_by_role("main").get_by_role("link", name="Salle d’essai").first.click()
    expect(page).to_have_url(re.compile("/salles/salle-essai"))
    visitor.check()

    # Choose a slot; signing in comes only now, and leads back to it.
    start = next_quarter(utcnow())
    end = start + 4 * QUARTER
    debut, fin = (moment.strftime("%Y-%m-%dT%H:%M") for moment in (start, end))
    page.goto(f"/salles/salle-essai/reserver?debut={debut}&fin={fin}")
    sign_in(visitor)
    expect(page).to_have_url(re.compile("/salles/salle-essai/reserver"))
    visitor.check()

    # Book.
    page.get_by_label(re.compile("Que ferez-vous")).fill("Réunion de rentrée du bureau")
    page.get_by_label(re.compile("Combien serez-vous")).fill("12")
    page.get_by_label(re.compile("règlement du collège")).check()
    page.get_by_role("main").locator("form button[type=submit]").last.click()
    expect(page).to_have_url(re.compile("/reservations/[0-9a-f-]{36}$"))
    visitor.check()
    booking_url = page.url
    expect(page.get_by_role("main")).to_contain_text("5,00\u00a0€")

    # Pay the collège.
    page.get_by_role("main").get_by_role("button", name=re.compile("pay", re.I)).first.click()
    expect(page).to_have_url(re.compile("/stripe/pay/"))
    visitor.check()
    page.locator("button[value=paid]").click()
    expect(page).to_have_url(booking_url)
    expect(page.get_by_role("main")).to_contain_text(re.compile("confirmée", re.I))
    visitor.check()

    # The code, on the page and in the message.
    code = read_code(page.get_by_role("main").inner_text())
    keypad = page.get_by_role("main").get_by_role("link", name=re.compile("clavier", re.I)).first
    keypad_url = keypad.get_attribute("href")
    visitor.go("/demo/messages")
    expect(page.get_by_role("main")).to_contain_text(code)

    # The door: a wrong code does not open it, the right one does.
    assert keypad_url is not None
    wrong = str((int(code) - 100_000 + 1) % 900_000 + 100_000)
    for typed, answer in ((wrong, "code inconnu"), (code, "porte ouverte")):
        visitor.go(keypad_url)
        page.get_by_label(re.compile("code", re.I)).first.fill(typed)
        page.get_by_role("main").locator("form button[type=submit]").last.click()
        expect(page.get_by_role("main")).to_contain_text(re.compile(answer, re.I))
        visitor.check()

    # The fund sees the hour; the département has kept nothing.
    visitor.go("/fonds")
    visitor.go("/fonds/projets/la-salle-sur-demande")
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"0(,00)?\u00a0€"))

    # Leave.
    sign_out = page.get_by_role("button", name=re.compile("déconnecter|déconnexion", re.I))
    if not sign_out.first.is_visible():
        page.get_by_role("button", name=re.compile("menu", re.I)).first.click()
    sign_out.first.click()
    page.goto(booking_url)
    expect(page).to_have_url(re.compile("/connexion$"))
    assert len(visitor.checked) >= 13


def read_code(text: str) -> str:
    """The six digits of the door code, written in one or two groups."""
    found = re.search(r"(?<!\d)(\d{3})[\s\u00a0\u202f]?(\d{3})(?![\d,])", text)
    assert found, text
    return "".join(found.groups())

"""The whole path, as an association: find, sign in, book, pay, get in; the fund sees the hour."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from time import monotonic

import pytest
from playwright.sync_api import expect

from salle.kernel.clock import to_wall, utcnow
from salle.kernel.money import format_euros
from tests.support.browser import Visitor
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo")]

expect.set_options(timeout=20_000)  # the machine may be busy with other tests
QUARTER = timedelta(minutes=15)
PROJECT = "/fonds/projets/la-salle-sur-demande"
PERSONA = "association@demo.example"


@dataclass(frozen=True)
class Slot:
    """An hour that starts soon: late enough to be booked, soon enough to get in at once."""

    start: datetime
    end: datetime

    @classmethod
    def soon(cls, now: datetime) -> Slot:
        wall = to_wall(now).replace(tzinfo=None) + timedelta(minutes=3)
        midnight = datetime.combine(wall.date(), time.min)
        start = midnight + ((wall - midnight) // QUARTER + 1) * QUARTER
        next_midnight = datetime.combine(start.date(), time.min) + timedelta(days=1)
        return cls(start, min(start + timedelta(hours=1), next_midnight))

    @property
    def query(self) -> str:
        """As the links of the search write it: a day ends at 24:00."""
        until = "24:00" if self.end.date() > self.start.date() else f"{self.end:%H:%M}"
        return f"jour={self.start:%Y-%m-%d}&de={self.start:%H:%M}&a={until}"

    @property
    def hours(self) -> Decimal:
        return Decimal((self.end - self.start) // QUARTER) / 4

    @property
    def price(self) -> str:
        return format_euros(int(500 * self.hours))


def sign_in(visitor: Visitor) -> None:
    """From our sign-in page, through the simulated provider, and back."""
    page = visitor.page
    expect(page).to_have_url(re.compile(r"/connexion([?#]|$)"))
    visitor.check()
    page.get_by_role("main").get_by_role("button", name=re.compile("^Continuer")).click()
    expect(page).to_have_url(re.compile("/identite/"))
    visitor.check()
    page.locator(f'button[value="{PERSONA}"]').click()


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

    visitor.go(PROJECT)
    hours_before = figure(visitor, "réutilisées")

    # Find: the home page's sentence, the list, the room.
    visitor.go("/")
    page.get_by_role("main").get_by_role("button", name="Voir les salles libres").click()
    expect(page).to_have_url(re.compile(r"/salles\?"))
    visitor.check()
    visitor.go("/salles?q=salle-essai")
    page.get_by_role("main").get_by_role("link", name="Salle d’essai").first.click()
    expect(page).to_have_url(re.compile("/salles/salle-essai"))
    visitor.check()

    # Choose a slot; signing in comes only now, and leads back to it.
    slot = Slot.soon(utcnow())
    visitor.go(f"/salles/salle-essai?{slot.query}")
    expect(page.get_by_role("main")).to_contain_text(slot.price)
    page.get_by_role("button", name="Réserver ce créneau").click()
    sign_in(visitor)
    expect(page).to_have_url(re.compile("/salles/salle-essai/reserver"))
    visitor.check()

    # Book.
    page.get_by_label(re.compile("Que ferez-vous")).fill("Réunion de rentrée du bureau")
    page.get_by_label(re.compile("Combien serez-vous")).fill("12")
    page.get_by_label(re.compile("règlement du collège")).check()
    page.get_by_role("button", name="Garder ce créneau et payer").click()
    expect(page).to_have_url(re.compile("/reservations/[0-9a-f-]{36}(#|$)"))
    visitor.check()
    booking_url = page.url.partition("#")[0]
    expect(page.get_by_role("main")).to_contain_text(slot.price)

    # Pay the collège.
    page.get_by_role("button", name=re.compile("^Payer .* au collège")).click()
    expect(page).to_have_url(re.compile("/stripe/pay/"))
    visitor.check()
    page.locator("button[value=paid]").click()
    expect(page).to_have_url(booking_url)
    expect(page.get_by_role("main")).to_contain_text(re.compile("confirmée", re.I))
    visitor.check()

    # The code, on the page and in the message.
    code = "".join(page.locator(".c-code__digits").inner_text().split())
    assert re.fullmatch(r"\d{6}", code)
    keypad_url = page.get_by_role("link", name="Essayer sur le clavier virtuel").get_attribute(
        "href"
    )
    assert keypad_url is not None
    read_messages(visitor, code)

    # The door: a wrong code does not open it, the right one does.
    visitor.go(keypad_url)
    wrong = str((int(code) + 1) % 1_000_000).zfill(6)
    for typed, answer in ((wrong, "Code inconnu"), (code, "La porte est ouverte")):
        page.get_by_label("Votre code, six chiffres").fill(typed)
        page.get_by_role("button", name="Ouvrir la porte").click()
        expect(page.get_by_role("status")).to_contain_text(answer)
        visitor.check()

    # The fund sees the hour; the département has kept nothing.
    visitor.go("/fonds")
    visitor.go(PROJECT)
    assert figure(visitor, "réutilisées") - hours_before == slot.hours
    assert figure(visitor, "reçus par les collèges") > 0
    assert figure(visitor, "gardés par le Département") == 0

    # Leave.
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page).to_have_url(re.compile(f"^{re.escape(demo.base)}/"))
    page.goto(booking_url)
    expect(page).to_have_url(re.compile(r"/connexion([?#]|$)"))
    assert len(visitor.checked) >= 13


def figure(visitor: Visitor, label: str) -> Decimal:
    """A figure of the project's page, by what is written under it."""
    item = visitor.page.locator(".c-figure").filter(has_text=label)
    text = item.locator("b").first.inner_text()
    return Decimal(re.sub(r"[^\d,]", "", text).replace(",", "."))


def read_messages(visitor: Visitor, code: str) -> None:
    """The mailbox of the demonstration, once the worker has sent the confirmation."""
    deadline = monotonic() + 20
    visitor.page.goto("/demo/messages")
    while code not in visitor.page.get_by_role("main").inner_text():
        assert monotonic() < deadline, "no message with the code"
        visitor.page.wait_for_timeout(250)
        visitor.page.reload()
    visitor.check()

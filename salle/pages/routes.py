"""Home page, notices, help, and the page that shows every component."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from flask import Blueprint, current_app, render_template, url_for

from salle.kernel.clock import to_wall, utcnow
from salle.kernel.words import heure_fr
from salle.pages.samples import samples
from salle.pages.tonight import list_tonight, tonight_title
from salle.venues.rules import RoomKind
from salle.web.access import public

blueprint = Blueprint("pages", __name__)

KINDS = (
    (RoomKind.GYMNASIUM, "un gymnase"),
    (RoomKind.MULTIPURPOSE, "une salle polyvalente"),
    (RoomKind.AUDITORIUM, "un auditorium"),
    (RoomKind.DOJO, "un dojo"),
    (RoomKind.MEETING, "une salle de réunion"),
    (RoomKind.CLASSROOM, "une salle de classe"),
    (RoomKind.CLIMBING, "un mur d’escalade"),
    (RoomKind.OUTDOOR, "un plateau extérieur"),
    (RoomKind.COMPUTER, "une salle informatique"),
    (RoomKind.CANTEEN, "un restaurant scolaire"),
    (RoomKind.BOARDING, "un internat"),
    ("", "n’importe quelle salle"),
)
LAST_HOUR_FOR_TODAY = 17  # later than that, the sentence proposes tomorrow
REFUSALS = (
    ("slot_taken", "Créneau déjà pris", "Quelqu’un l’a réservé avant vous, parfois d’une seconde."),
    ("school_use", "Le collège s’en sert", "Les cours passent avant les réservations."),
    ("closed", "Fermé", "La salle est fermée ce jour-là."),
    ("outside_opening", "Hors des heures d’ouverture", "Choisissez un créneau allumé."),
    ("too_many_people", "Trop de monde", "La capacité est fixée par la sécurité incendie."),
    ("in_the_past", "Date passée", "Choisissez une date à venir."),
    ("hold_expired", "Délai dépassé", "Les dix minutes sont passées ; rien n’a été débité."),
    ("payment_refused", "Paiement refusé", "La banque a refusé ; le créneau reste gardé."),
    ("forbidden", "Accès refusé", "Ce compte n’a pas ce droit."),
    ("not_found", "Introuvable", "L’adresse n’existe pas, ou ne vous est pas accessible."),
)


def _clock_choices(first: int, last: int) -> list[tuple[str, str]]:
    return [
        (f"{minutes // 60:02d}:{minutes % 60:02d}", heure_fr(minutes))
        for minutes in range(first, last + 1, 30)
    ]


@dataclass(frozen=True, kw_only=True)
class SearchSentence:
    """The sentence of the home page, filled in with what most people want."""

    today: date
    day: date
    kind: str = RoomKind.GYMNASIUM
    place: str = ""
    start: str = "18:00"
    end: str = "20:00"
    headcount: int = 20
    kinds: tuple[tuple[str, str], ...] = KINDS
    starts: list[tuple[str, str]] = field(default_factory=lambda: _clock_choices(0, 23 * 60 + 30))
    ends: list[tuple[str, str]] = field(default_factory=lambda: _clock_choices(30, 24 * 60))

    @property
    def first_day(self) -> date:
        return self.today


def default_sentence(now: datetime) -> SearchSentence:
    """This evening while there is time, tomorrow evening after that."""
    wall = to_wall(now)
    today = wall.date()
    later = wall.hour >= LAST_HOUR_FOR_TODAY
    return SearchSentence(today=today, day=today + timedelta(days=1) if later else today)


def _search_href() -> str:
    known = "rooms.search" in current_app.view_functions
    return url_for("rooms.search") if known else "/salles"


@blueprint.get("/")
@public
def home() -> str:
    """Search as a sentence, how it works, what is free tonight."""
    tonight = list_tonight()
    return render_template(
        "pages/home.html",
        search=default_sentence(utcnow()),
        search_href=_search_href(),
        tonight=tonight,
        tonight_title=tonight_title(tonight),
    )


@blueprint.get("/composants")
@public
def components() -> str:
    """Every component in every state."""
    return render_template("pages/components.html", **samples(utcnow()))


@blueprint.get("/mentions-legales")
@public
def legal() -> str:
    """Who publishes, who is paid, licences."""
    return render_template("pages/legal.html")


@blueprint.get("/donnees-personnelles")
@public
def privacy() -> str:
    """What is kept about people, and why."""
    return render_template("pages/privacy.html")


@blueprint.get("/accessibilite")
@public
def accessibility() -> str:
    """The declaration of accessibility."""
    return render_template("pages/accessibility.html")


@blueprint.get("/aide")
@public
def help() -> str:
    """How it works, and what each refusal means."""
    return render_template("pages/help.html", refusals=REFUSALS)

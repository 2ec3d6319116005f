"""Made-up values for the page of components: one for every state a component can be in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # stubs are late
from wtforms.validators import InputRequired

from salle.kernel.clock import from_wall
from salle.web.viewmodels import Figure, RoomCard, SlotChoice, TonightRoom, bar_parts
from salle.web.week import Piece, SlotState, Week, build_week

MONDAY = date(2027, 1, 11)
TOKENS = (
    "paper", "surface", "sunken", "ink", "ink-soft", "line", "primary", "primary-soft", "accent",
    "accent-soft", "school", "school-soft", "pending", "pending-soft", "error", "error-soft",
    "night", "night-ink", "lit",
)  # fmt: skip
ICONS = (
    "access", "back", "bike", "bin", "bus", "calendar", "card", "chat", "check", "clock", "doc",
    "door", "info", "key", "light", "mail", "net", "next", "no", "out", "people", "pin", "print",
    "search", "shoe", "shower", "star", "user", "warn",
)  # fmt: skip
FREE, BUSY, SCHOOL, PENDING = (
    SlotState.FREE, SlotState.BUSY, SlotState.SCHOOL, SlotState.PENDING,
)  # fmt: skip
# Per day: state, first and last wall hour.
EVENINGS = (
    ((SCHOOL, 17, 18), (BUSY, 18, 20), (FREE, 20, 22)),
    ((SCHOOL, 17, 18), (FREE, 18, 20.5), (BUSY, 20.5, 22)),
    ((BUSY, 17, 19.5), (FREE, 19.5, 22)),
    ((SCHOOL, 17, 18.5), (BUSY, 18.5, 20.5), (PENDING, 20.5, 22)),
    ((SCHOOL, 17, 18), (FREE, 18, 22)),
    ((BUSY, 17, 19), (FREE, 19, 22)),
    (),
)
WHOLE_DAYS = (
    ((FREE, 0, 8), (SCHOOL, 8, 17), (FREE, 17, 24)),
    ((FREE, 0, 8), (SCHOOL, 8, 12.25), (BUSY, 12.25, 13), (SCHOOL, 13, 17), (FREE, 17, 24)),
    ((FREE, 0, 8), (SCHOOL, 8, 12), (FREE, 12, 18.75), (BUSY, 18.75, 20), (FREE, 20, 24)),
    ((FREE, 0, 8), (SCHOOL, 8, 17), (PENDING, 17, 18), (FREE, 18, 24)),
    ((FREE, 0, 8), (SCHOOL, 8, 17), (FREE, 17, 19), (BUSY, 19, 23), (FREE, 23, 24)),
    ((FREE, 0, 24),),
    ((FREE, 0, 9), (BUSY, 9, 18), (FREE, 18, 24)),
)


def _at(day: date, hour: float) -> datetime:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 wall time
    return from_wall(midnight + timedelta(hours=hour))


def _week(plan: tuple[tuple[tuple[SlotState, float, float], ...], ...], *, asked: bool) -> Week:
    pieces = [
        Piece(
            start=_at(MONDAY + timedelta(days=index), first),
            end=_at(MONDAY + timedelta(days=index), last),
            state=state,
            href="#bande" if state is FREE else None,
        )
        for index, day in enumerate(plan)
        for state, first, last in day
    ]
    tuesday = MONDAY + timedelta(days=1)
    wanted = (_at(tuesday, 18), _at(tuesday, 20)) if asked else None
    return build_week(monday=MONDAY, pieces=pieces, wanted=wanted)


class SampleForm(FlaskForm):
    """One field of each kind; never sent."""

    class Meta:
        csrf = False

    purpose = TextAreaField("Un mot pour le collège", description="Une phrase suffit.")
    headcount = IntegerField("Combien serez-vous ?", [InputRequired()])
    day = DateField("Quel jour ?", [InputRequired()])
    part = SelectField(
        "Partie de la salle",
        choices=[SelectChoice("all", "Tout le gymnase"), SelectChoice("a", "Moitié A")],
    )
    who = RadioField(
        "Au nom de qui réservez-vous ?",
        choices=[
            SelectChoice("volants", "Les Volants du mardi"),
            SelectChoice("other", "Une autre association"),
        ],
    )
    rules = BooleanField("Nous venons en chaussures propres et rangeons.")


def _form() -> SampleForm:
    form = SampleForm(formdata=None, headcount=120, day=date(2027, 1, 12), who="volants")
    form.headcount.errors = ["80 personnes au plus : c’est la règle de sécurité incendie."]
    return form


def _cards() -> list[RoomCard]:
    week = _week(EVENINGS, asked=True)
    return [
        RoomCard(
            name="Gymnase des Tilleuls",
            href="#carte",
            place="Collège des Tilleuls, Rennes",
            distance="à 0,8 km de la mairie de Rennes",
            state=FREE,
            tag="libre",
            note="Mardi 12 janvier, 18 h – 20 h : réservation immédiate.",
            chips=(
                ("net", "badminton, volley"),
                ("shower", "vestiaires"),
                ("access", "de plain-pied"),
            ),
            price="25,00 €",
            price_note="pour 2 h",
            action_href="#carte",
            rank=1,
            week=week,
        ),
        RoomCard(
            name="Petit gymnase Marthe-Guillou",
            href="#carte",
            place="Collège Marthe-Guillou, Saint-Grégoire",
            state=PENDING,
            tag="libre, sur accord",
            note="Le collège répond sous 2 jours ouvrés.",
            price="Gratuit",
            price_note="pour les associations",
            action="Demander ce créneau",
            action_href="#carte",
            rank=2,
            week=week,
        ),
        RoomCard(
            name="Gymnase de la Lande-Bleue",
            href="#carte",
            place="Collège de la Lande-Bleue, Bruz",
            distance="à 9,6 km de la mairie de Rennes",
            state=BUSY,
            tag="complet mardi",
            note="Prochain créneau libre : jeudi 14 janvier, 20 h 30 – 22 h.",
            price="18,75 €",
            price_note="pour 1 h 30",
            action="Voir jeudi",
            action_href="#carte",
            available=False,
            rank=3,
        ),
    ]


def samples(now: datetime) -> dict[str, Any]:
    """Everything the template of the page of components needs."""
    evening = _week(EVENINGS, asked=True)
    return {
        "tokens": TOKENS,
        "icons": ICONS,
        "now": now,
        "until": now + timedelta(minutes=9, seconds=40),
        "form": _form(),
        "evening": evening,
        "all_day": _week(WHOLE_DAYS, asked=False),
        "empty_week": build_week(monday=MONDAY, pieces=()),
        "cards": _cards(),
        "slots": [
            SlotChoice(day="Lundi 11 janvier", hours="20 h – 22 h", price="2 h, 25,00 €", href="#"),
            SlotChoice(
                day="Mardi 12 janvier", hours="18 h – 20 h 30", price="2 h 30, 31,25 €", chosen=True
            ),
        ],
        "figures": [
            Figure(label="heures réutilisées", value="1 284 h", source="calculé sur 612 dates"),
            Figure(label="pour le Département", value="0,00 €", source="calculé"),
            Figure(label="montant attribué", value=None, source="aucun montant publié"),
        ],
        "bar": bar_parts([("Un, 17", "1", 17), ("Deux, 26", "2", 26), ("Inconnu, 45", "none", 45)]),
        "tonight": [
            TonightRoom(
                name="Gymnase des Tilleuls",
                place="Rennes, 0,8 km",
                hours="18 h – 22 h",
                price="25,00 € pour 2 h",
                href="#facade",
            ),
            TonightRoom(
                name="Gymnase de la Lande-Bleue",
                place="Bruz, 9,6 km",
                hours="Complet",
                price="jusqu’à samedi, 17 h",
                lit=False,
            ),
        ],
    }

"""The indicators of a period as figures, each with its definition. Pure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from salle.kernel.money import format_euros
from salle.usage.figures import (
    CENTS,
    PERCENT,
    UNKNOWN,
    Exactness,
    Figure,
    hours_text,
    number_text,
    percent_text,
    to_decimal,
)
from salle.usage.queries import Usage

SPACE_HOUR = "heure-salle"
UNIT_DEFINITION = (
    "Une heure-salle est un espace élémentaire pendant une heure : un gymnase en deux moitiés, "
    "pris en entier une heure, compte deux heures-salle, ouvert comme réutilisé."
)
TIMETABLE = "horaires publiés, cours et fermetures enregistrés"
BOOKINGS = "réservations enregistrées"
LEDGER = "grand livre des paiements"
DEFINITIONS = {
    "opened_hours": "Heures d’ouverture des salles publiées, moins les cours et les créneaux "
    f"bloqués par le collège. {UNIT_DEFINITION}",
    "reused_hours": "Dates de réservation confirmées, ramenées à la période ; ni annulées, ni "
    f"refusées, ni en attente, ni expirées. {UNIT_DEFINITION}",
    "reuse_rate": "Heures-salle réutilisées ÷ heures-salle ouvertes.",
    "booked_hours": "Durée des mêmes dates, chacune comptée une fois quel que soit le nombre "
    "d’espaces qu’elle occupe.",
    "bookings": "Réservations qui ont au moins une date confirmée dans la période.",
    "booking_dates": "Dates confirmées dans la période, passées ou à venir.",
    "associations_served": "Associations distinctes qui ont au moins une date confirmée dans la "
    "période.",
    "paid_cents": "Paiements réglés par les associations et enregistrés dans la période.",
    "refunded_cents": "Remboursements aux associations enregistrés dans la période.",
    "colleges_cents": "Versé sur les comptes des collèges : payé − remboursé − frais du "
    "prestataire − part du Département.",
    "provider_fees_cents": "Frais retenus par le prestataire de paiement.",
    "department_cents": "Somme des écritures du grand livre au compte du Département ; aucune "
    "commission n’est prévue.",
}


def to_hours(seconds: int) -> Decimal:
    """Hours with two decimals."""
    return to_decimal(Fraction(seconds, 3600), 2)


def build_figures(usage: Usage) -> list[Figure]:
    """Every indicator of one measure, in a fixed order."""
    return [
        _hours(
            "opened_hours", "Heures ouvertes", usage.opened, usage.opened_past,
            count=usage.spaces, source=TIMETABLE,
        ),
        _hours(
            "reused_hours", "Heures réutilisées", usage.reused, usage.reused_past,
            count=usage.dates, source=BOOKINGS,
        ),
        _rate(usage),
        _hours("booked_hours", "Heures de réservation", usage.booked, None,
               count=usage.dates, source=BOOKINGS, unit="heure"),
        _count("bookings", "Réservations", usage.bookings, "réservation", usage.bookings),
        _count("booking_dates", "Dates réservées", usage.dates, "date", usage.dates),
        _count(
            "associations_served", "Associations accueillies", usage.associations, "association",
            usage.dates, past=usage.associations_past,
        ),
        _money("paid_cents", "Payé par les associations", usage.paid_cents, usage.payments),
        _money("refunded_cents", "Remboursé", usage.refunded_cents, usage.payments),
        _money("colleges_cents", "Reçu par les collèges", usage.college_cents, usage.payments),
        _money(
            "provider_fees_cents", "Frais du prestataire", usage.provider_cents, usage.payments
        ),
        _money(
            "department_cents", "Gardé par le Département", usage.department_cents, usage.payments
        ),
    ]  # fmt: skip


def rate(part: int, whole: int | None) -> Decimal | None:
    """Per cent with one decimal; None when nothing was open or it is not known."""
    return to_decimal(Fraction(part * 100, whole), 1) if whole else None


def _hours(
    key: str, label: str, seconds: int | None, past: int | None,
    *, count: int, source: str, unit: str = SPACE_HOUR,
) -> Figure:  # fmt: skip
    value = None if seconds is None else to_hours(seconds)
    split = past is not None and seconds is not None
    return Figure(
        key=key,
        label=label,
        value=value,
        unit=unit,
        display=UNKNOWN if value is None else hours_text(value),
        definition=DEFINITIONS[key],
        record_count=count,
        source=source,
        exactness=Exactness.NOT_DISCLOSED if value is None else Exactness.EXACT,
        calculated=True,
        past=to_hours(past) if past is not None and split else None,
        upcoming=to_hours(seconds - past) if seconds is not None and past is not None else None,
    )


def _rate(usage: Usage) -> Figure:
    value = rate(usage.reused, usage.opened)
    return Figure(
        key="reuse_rate",
        label="Part des heures réutilisées",
        value=value,
        unit=PERCENT,
        display="—" if value is None else percent_text(value),
        definition=DEFINITIONS["reuse_rate"],
        record_count=usage.dates,
        source=f"{TIMETABLE}, {BOOKINGS}",
        exactness=Exactness.NOT_DISCLOSED if value is None else Exactness.TO_THE_TENTH,
        calculated=True,
    )


def _count(
    key: str, label: str, value: int, unit: str, count: int, past: int | None = None
) -> Figure:
    return Figure(
        key=key,
        label=label,
        value=value,
        unit=unit,
        display=number_text(value),
        definition=DEFINITIONS[key],
        record_count=count,
        source=BOOKINGS,
        calculated=True,
        past=past,
        upcoming=None if past is None else value - past,
    )


def _money(key: str, label: str, cents: int, count: int) -> Figure:
    return Figure(
        key=key,
        label=label,
        value=cents,
        unit=CENTS,
        display=format_euros(cents),
        definition=DEFINITIONS[key],
        record_count=count,
        source=LEDGER,
        calculated=True,
    )

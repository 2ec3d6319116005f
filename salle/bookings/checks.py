"""The rules of a booking request, pure: each refusal says which rule, whose, and what works."""

from __future__ import annotations

from datetime import date

from salle.bookings.rules import MAX_PURPOSE
from salle.kernel.words import date_fr, pluriel
from salle.venues.asking import Refused, RoomRules


def check_people(rules: RoomRules, headcount: int) -> None:
    """Between one person and the room's capacity (fire safety). Raises Refused."""
    if headcount < 1:
        raise Refused(
            "Indiquez combien vous serez : au moins une personne.",
            errors={"headcount": "Au moins une personne."},
        )
    if headcount > rules.capacity:
        raise Refused(
            f"{rules.set_by} accueille dans cette salle {pluriel(rules.capacity, 'personne')} "
            f"au plus, pour la sécurité incendie. Vous en annoncez {headcount}\u00a0: "
            "venez moins nombreux, ou cherchez une salle plus grande.",
            code="too_many_people",
            errors={"headcount": f"{rules.capacity} personnes au plus."},
        )


def check_purpose(purpose: str) -> None:
    """A short description of what will be done. Raises Refused."""
    if not 1 <= len(purpose.strip()) <= MAX_PURPOSE or "\x00" in purpose:
        raise Refused(
            "Le collège demande à quoi servira la salle. Dites en quelques mots ce que vous "
            f"ferez ({MAX_PURPOSE} caractères au plus).",
            errors={"purpose": "Une phrase suffit."},
        )


def check_insurance(insured_until: date | None, day: date) -> None:
    """The liability insurance must cover the day of use, not the day of the request."""
    if insured_until is None or insured_until < day:
        raise Refused(
            "Le collège demande une assurance qui couvre le jour de l’utilisation, "
            f"{date_fr(day)}. "
            + (
                f"Celle de votre association s’arrête le {date_fr(insured_until)}. "
                if insured_until is not None
                else "Aucune n’est connue pour votre association. "
            )
            + "Envoyez-lui l’attestation à jour.",
            code="insurance_missing",
        )

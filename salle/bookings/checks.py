"""The rules of a booking request, pure: each refusal says which rule, whose, and what works."""

from __future__ import annotations

from datetime import date

from salle.bookings.rules import MAX_PURPOSE
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
            f"La salle accueille {rules.capacity} personnes au plus : c’est la règle de sécurité "
            f"incendie du bâtiment. Vous en annoncez {headcount} : cherchez une salle plus grande.",
            code="too_many_people",
            errors={"headcount": f"{rules.capacity} personnes au plus."},
        )


def check_purpose(purpose: str) -> None:
    """A short description of what will be done. Raises Refused."""
    if not 1 <= len(purpose.strip()) <= MAX_PURPOSE or "\x00" in purpose:
        raise Refused(
            f"Dites en quelques mots ce que vous ferez ({MAX_PURPOSE} caractères au plus).",
            errors={"purpose": "Une phrase suffit."},
        )


def check_insurance(insured_until: date | None, day: date) -> None:
    """The liability insurance must cover the day of use, not the day of the request."""
    if insured_until is None or insured_until < day:
        raise Refused(
            "L’assurance de votre association doit couvrir le jour de l’utilisation. "
            "Envoyez l’attestation à jour au collège.",
            code="insurance_missing",
        )

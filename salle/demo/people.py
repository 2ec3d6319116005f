"""The fictional associations, and what each persona may do. Tables only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from salle.accounts.rules import Role
from salle.organisations.models import OrganisationKind

INSURED_UNTIL = date(2031, 8, 31)


@dataclass(frozen=True, kw_only=True)
class DemoOrganisation:
    """An association whose file is complete and accepted, and the persona that presides it."""

    rna: str
    name: str
    commune: str
    president: str
    kind: OrganisationKind = OrganisationKind.ASSOCIATION


ORGANISATIONS = (
    DemoOrganisation(
        rna="W990000001",
        name="Les Volants de Brécillien",
        commune="Brécillien",
        president="association@demo.example",
    ),
    DemoOrganisation(
        rna="W990000002",
        name="Théâtre de l’Œil-de-Bœuf",
        commune="Port-Lande",
        president="autre-association@demo.example",
    ),
)

# Persona, role, number of the site (None: the whole territory).
ROLES: tuple[tuple[str, Role, int | None], ...] = (
    ("college@demo.example", Role.COLLEGE_MANAGER, 1),
    ("autre-college@demo.example", Role.COLLEGE_MANAGER, 2),
    ("gardien@demo.example", Role.CARETAKER, 1),
    ("comptable@demo.example", Role.ACCOUNTANT, 1),
    ("departement@demo.example", Role.PROJECT_OFFICER, None),
    ("admin@demo.example", Role.TERRITORY_ADMIN, None),
)

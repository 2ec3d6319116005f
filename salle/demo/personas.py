"""The fictional people of the demonstration, shared by the sign-in simulation and the seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Persona:
    """One fictional person; the names carry what French names carry: accents, œ, apostrophes."""

    email: str
    given_name: str
    family_name: str
    role_label: str
    usual_name: str | None = None

    @property
    def sub(self) -> str:
        """Stable and shaped like FranceConnect's pairwise subject."""
        digest = hashlib.sha256(f"la-salle-sur-demande:{self.email}".encode()).hexdigest()
        return f"{digest}v1"

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.usual_name or self.family_name}"


PERSONAS: tuple[Persona, ...] = (
    Persona(
        email="association@demo.example",
        given_name="Nolwenn",
        family_name="Carré",
        role_label="Présidente d’une association, dossier complet",
    ),
    Persona(
        email="autre-association@demo.example",
        given_name="Malo",
        family_name="Le Goff",
        role_label="Président d’une autre association",
    ),
    Persona(
        email="college@demo.example",
        given_name="Françoise",
        family_name="Étienne",
        role_label="Gestionnaire du premier collège",
    ),
    Persona(
        email="autre-college@demo.example",
        given_name="Ismaël",
        family_name="Béranger",
        role_label="Gestionnaire du second collège",
    ),
    Persona(
        email="gardien@demo.example",
        given_name="Yann",
        family_name="Kerbrat",
        role_label="Gardien du premier collège",
    ),
    Persona(
        email="comptable@demo.example",
        given_name="Odile",
        family_name="Lecœur",
        usual_name="N’Diaye",
        role_label="Agente comptable du premier collège",
    ),
    Persona(
        email="departement@demo.example",
        given_name="Camille",
        family_name="Hervé-Le Bihan",
        role_label="Chargée de projet au département",
    ),
    Persona(
        email="admin@demo.example",
        given_name="Solène",
        family_name="Quéré",
        role_label="Administratrice du territoire",
    ),
)


def find_persona(email: str) -> Persona | None:
    """The persona of that address, or None."""
    return next((persona for persona in PERSONAS if persona.email == email), None)

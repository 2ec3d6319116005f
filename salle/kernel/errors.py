"""Errors of the domain: a stable code for programs, a French sentence for people."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A rule refused. `code` is stable (API.md), `message` is a French sentence."""

    code = "invalid"
    status = 400
    message = "La demande n’est pas valable."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        errors: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.message = message or type(self).message
        self.code = code or type(self).code
        self.errors = errors or {}
        self.extra = extra or {}
        super().__init__(f"{self.code}: {self.message}")

    def reword(self, message: str) -> None:
        """Say the same with more around it."""
        self.message = message
        self.args = (f"{self.code}: {message}",)


class Invalid(DomainError):
    """What was sent cannot be understood or is outside its bounds."""

    status = 422


class NotFound(DomainError):
    """Absent, or outside the person's scope: the two look alike on purpose."""

    code = "not_found"
    status = 404
    message = "Cette page ou cet objet n’existe pas, ou ne vous est pas accessible."


class NotAllowed(DomainError):
    """Known and visible, but the person may not do this."""

    code = "forbidden"
    status = 403
    message = "Vous n’avez pas le droit de faire cela."


class Conflict(DomainError):
    """Somebody or something was there first."""

    code = "conflict"
    status = 409
    message = "Quelqu’un a modifié la même chose en même temps. Rechargez la page."


class Unavailable(DomainError):
    """An outside system or the database does not answer for now; trying again is safe."""

    code = "unavailable"
    status = 503
    message = "Le service est très demandé en ce moment. Réessayez dans quelques secondes."

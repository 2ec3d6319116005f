"""What services may know of this installation's settings, without knowing Flask."""

from __future__ import annotations

from flask import current_app

from salle.kernel.sealing import Sealer


def get_sealer() -> Sealer:
    """The sealer of secrets at rest."""
    sealer: Sealer = current_app.extensions["sealer"]
    return sealer


def public_url(path: str = "") -> str:
    """The address of this service as the outside world knows it, followed by `path`."""
    return f"{current_app.config['PUBLIC_URL']}{path}"


def shows_simulations() -> bool:
    """Whether pages of the demonstration (keypads, messages) exist here."""
    return current_app.config["ENVIRONMENT"] in {"demo", "test"}

"""What services may know of this installation's settings, without knowing Flask."""

from __future__ import annotations

from flask import current_app

from salle.adapters.remote_calendar import Fetcher
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


def get_fetcher() -> Fetcher:
    """What reads calendars at an address; tests put their own in."""
    if "calendar_fetcher" not in current_app.extensions:
        current_app.extensions["calendar_fetcher"] = Fetcher()
    fetcher: Fetcher = current_app.extensions["calendar_fetcher"]
    return fetcher

"""La salle sur demande: find an idle room in a collège, book it, pay the collège, get in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Config


def create_app(config: Config) -> Flask:
    """Build the application (salle/factory.py); importing a package of ours loads nothing else."""
    from salle.factory import build

    return build(config)

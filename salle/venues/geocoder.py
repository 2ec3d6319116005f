"""The service of addresses of this installation, or none."""

from __future__ import annotations

from flask import Flask, current_app

from salle.adapters.geocoding import Geocoder, Geoplateforme

KEY = "geocoder"


def init_geocoder(app: Flask) -> None:
    """Install the service named by the settings; tests put their double in its place."""
    app.extensions[KEY] = Geoplateforme.from_config(app.config)


def find_geocoder() -> Geocoder | None:
    """The service to ask, never inside a transaction; None: none is named."""
    geocoder: Geocoder | None = current_app.extensions[KEY]
    return geocoder

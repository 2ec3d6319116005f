"""A few fictional addresses, answered in the shape of the national geocoding service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request

from salle.kernel.french import fold

blueprint = Blueprint("geocoding", __name__, url_prefix="/geocodage")
KNOWN: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("addresses.json").read_text(encoding="utf-8")
)["features"]


@blueprint.get("/search")
def search() -> Response | tuple[Response, int]:
    """Those whose label holds every word asked for."""
    wanted = fold(request.args.get("q", "")).replace(",", " ").split()
    if not wanted:
        return jsonify({"code": 400, "message": "q: required"}), 400
    found = [one for one in KNOWN if _holds(fold(one["properties"]["label"]), wanted)]
    limit = request.args.get("limit", 5, type=int)
    return jsonify(
        {"type": "FeatureCollection", "features": found[:limit], "query": " ".join(wanted)}
    )


def _holds(label: str, wanted: list[str]) -> bool:
    return all(word in label for word in wanted)

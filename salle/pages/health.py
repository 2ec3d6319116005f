"""`/healthz`: the process answers; `/readyz`: the database too, migrated to head."""

from __future__ import annotations

import orjson
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from config import ROOT
from salle.db import db
from salle.web.access import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def alive() -> Response:
    """Alive."""
    return _json({"status": "ok"})


@blueprint.get("/readyz")
@public
def ready() -> Response:
    """Ready: the database answers and holds the last migration."""
    try:
        found = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return _json({"status": "unavailable", "database": "unreachable"}, status=503)
    head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    if found != head:
        return _json({"status": "unavailable", "migration": found, "expected": head}, status=503)
    return _json({"status": "ok", "migration": found})


def _json(body: dict[str, str | None], *, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status=status, mimetype="application/json")

"""What every part of the API shares: documentation, JSON answers, instants, problem details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Flask, Response, request
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema, ValidationError, fields, missing
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import BadRequest

from salle.extensions import csrf
from salle.kernel.clock import LAST_YEAR, TooLate, read_wall, to_wall
from salle.kernel.errors import DomainError

PREFIX = "/api/v1"
MAX_LIMIT = 100


class StrictParser(FlaskParser):
    """JSON by orjson: nesting is bounded, lone surrogates and NaN are refused."""

    def _raw_load_json(self, req: Any) -> Any:
        if not is_json_request(req):
            return missing
        try:
            return orjson.loads(req.get_data(cache=True))
        except orjson.JSONDecodeError as error:
            raise BadRequest from error


class Blueprint(SmorestBlueprint):
    """A blueprint of the API, which reads its bodies strictly."""

    ARGUMENTS_PARSER = StrictParser()


class ProblemApi(Api):
    """flask-smorest without its own error bodies: salle/web/errors.py answers for everything."""

    def _register_error_handlers(self, *args: Any, **kwargs: Any) -> None:
        """Ours are already installed."""


SPEC = {
    "info": {"description": "Trouver, réserver, payer et ouvrir une salle de collège."},
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
}

fields.Field.default_error_messages.update(
    required="À renseigner.", null="À renseigner.", validator_failed="Valeur refusée."
)
fields.String.default_error_messages.update(invalid="Un texte est attendu.")
fields.Number.default_error_messages.update(
    invalid="Un nombre est attendu.", too_large="Nombre trop grand."
)
fields.Integer.default_error_messages.update(invalid="Un nombre entier est attendu.")
fields.UUID.default_error_messages.update(invalid_uuid="Identifiant mal formé.")
fields.Date.default_error_messages.update(
    invalid="Un jour est attendu, comme 2027-01-12.", format="Un jour est attendu."
)
fields.Boolean.default_error_messages.update(invalid="Oui (1) ou non (0) est attendu.")
fields.Float.default_error_messages.update(special="Un nombre ordinaire est attendu.")
fields.List.default_error_messages.update(invalid="Une liste est attendue.")


def init_api(app: Flask, blueprints: Sequence[Blueprint]) -> None:
    """Publish the blueprints below /api/v1 and their description at /api/v1/openapi.json."""
    app.config.update(
        API_TITLE="La salle sur demande",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = ProblemApi(app, spec_kwargs=SPEC)
    for blueprint in blueprints:
        csrf.exempt(blueprint)  # Bearer tokens only: a browser never sends them by itself
        api.register_blueprint(blueprint, url_prefix=PREFIX)


def answer(body: object, *, status: int = 200) -> Response:
    """A JSON answer; UUIDs and dates are serialised by orjson."""
    return Response(orjson.dumps(body), status=status, mimetype="application/json")


def page(items: Sequence[object], *, total: int, limit: int, offset: int) -> dict[str, Any]:
    """A list of the contract: `items`, `total`, and the address of what follows."""
    following = None
    if offset + len(items) < total:
        arguments = [(k, v) for k, v in request.args.items(multi=True) if k != "offset"]
        following = f"{request.path}?{urlencode([*arguments, ('offset', str(offset + limit))])}"
    return {"items": items, "total": total, "next": following}


def iso(instant: datetime, zone_name: str) -> str:
    """`2027-01-12T18:00:00+01:00`: an instant with the offset of its site's zone."""
    return to_wall(instant, zone_name).isoformat(timespec="seconds")


def read_instant(text: str, zone_name: str, *, field: str) -> datetime:
    """An ISO 8601 instant; without an offset it is wall time of the site's zone."""
    try:
        return read_wall(text, zone_name)
    except TooLate as error:
        raise InvalidField(field, f"Un jour jusqu’en {LAST_YEAR}.") from error
    except (ValueError, OverflowError) as error:
        sentence = "Indiquez une date et une heure qui existent, comme 2027-01-12T18:00."
        raise InvalidField(field, sentence) from error


class InvalidField(DomainError):
    """One argument is wrong; `errors` names it."""

    status = 422

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence, errors={field: sentence})


class StrictSchema(Schema):
    """Arguments: unknown ones are refused in bodies, NUL bytes nowhere accepted."""

    error_messages = {"unknown": "Champ inconnu.", "type": "Un objet JSON est attendu."}


class CleanText(fields.String):
    """Text without control characters, stripped, of bounded length."""

    default_error_messages = {"control": "Caractère interdit.", "long": "Texte trop long."}

    def __init__(self, *, max_length: int = 500, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs)).strip()
        if any(ord(c) < 32 and c not in "\n\r\t" for c in text):
            raise self.make_error("control")
        if len(text) > self.max_length:
            raise self.make_error("long")
        return text


__all__ = [
    "MAX_LIMIT",
    "Blueprint",
    "CleanText",
    "InvalidField",
    "StrictSchema",
    "ValidationError",
    "answer",
    "init_api",
    "iso",
    "page",
    "read_instant",
]

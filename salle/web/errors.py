"""Every error as a calm French page, or as problem details (RFC 9457) in the API."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask, Response, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from salle.db import translate
from salle.kernel.errors import DomainError, Unavailable

TITLES = {
    400: "Demande incomprise",
    401: "Connexion nécessaire",
    403: "Accès refusé",
    404: "Introuvable",
    405: "Action impossible ici",
    409: "Impossible en l’état",
    413: "Envoi trop lourd",
    414: "Adresse trop longue",
    415: "Format inconnu",
    422: "Demande à corriger",
    429: "Trop de demandes",
    500: "Panne de notre côté",
    503: "Service très demandé",
}
CODES = {400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found"}
CODES |= {
    405: "method_not_allowed",
    413: "too_large",
    414: "too_large",
    415: "invalid",
    422: "invalid",
}
CODES |= {429: "rate_limited", 500: "internal", 503: "unavailable"}
DETAILS = {
    404: "Cette adresse n’existe pas, ou ne vous est pas accessible.",
    405: "Cette adresse ne permet pas cette action.",
    413: "L’envoi dépasse la taille permise.",
    414: "Votre recherche est trop longue : raccourcissez-la.",
    500: "Une erreur s’est produite de notre côté. Elle a été notée ; rien n’a été débité.",
}
PAGES = {400, 403, 404, 405, 409, 413, 429, 500, 503}


def init_errors(app: Flask) -> None:
    """Install the handlers."""
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _pool)
    app.register_error_handler(Exception, _unexpected)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    """An `application/problem+json` answer."""
    body: dict[str, Any] = {
        "type": f"/aide#erreur-{code}",
        "title": "Déjà pris" if code == "slot_taken" else TITLES.get(status, "Erreur"),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors or {},
    }
    body.update(extra or {})
    return Response(
        orjson.dumps(body, default=str), status=status, mimetype="application/problem+json"
    )


def _answer(status: int, code: str, detail: str, **more: Any) -> Response:
    if request.path.startswith("/api/"):
        return problem(status, code, detail, **more)
    name = status if status in PAGES else (400 if status < 500 else 500)
    html = render_template(f"errors/{name}.html", message=detail, title=TITLES.get(status, ""))
    return Response(html, status=status)


def _domain(error: DomainError) -> Response:
    return _answer(error.status, error.code, error.message, errors=error.errors, extra=error.extra)


def _csrf(error: CSRFError) -> Response:
    return _answer(400, "invalid", "La page était ouverte depuis trop longtemps. Rechargez-la.")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None:
        response = error.get_response()
        return Response(response.get_data(), status=status, headers=response.headers)
    detail = DETAILS.get(status, "La demande n’a pas été comprise.")
    answer = _answer(status, CODES.get(status, "invalid"), detail, errors=_fields(error))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def _fields(error: HTTPException) -> dict[str, Any]:
    """Field → sentence, from what webargs found wrong ({location: {field: [sentences]}})."""
    found: dict[str, Any] = {}
    for messages in getattr(error, "data", {}).get("messages", {}).values():
        if isinstance(messages, dict):
            found.update({name: " ".join(_sentences(value)) for name, value in messages.items()})
    return found


def _sentences(value: Any) -> list[str]:
    """Every sentence in what marshmallow says of a field (a list, or {index: list})."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _sentences(inner)]
    return (
        [text for inner in value for text in _sentences(inner)]
        if isinstance(value, list)
        else [str(value)]
    )


def _database(error: DBAPIError) -> Response:
    known = translate(error)
    return _domain(known) if known is not None else _unexpected(error)


def _pool(_error: PoolTimeout) -> Response:
    return _domain(Unavailable())


def _unexpected(error: Exception) -> Response:
    current_app.logger.error(
        "request.failed", exc_info=error, extra={"request_id": g.get("request_id", "")}
    )
    if current_app.config["ENVIRONMENT"] == "test" and current_app.testing:
        raise error
    return _answer(500, "internal", DETAILS[500])

"""What the pages of the simulators share: addresses, headers, error page."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Response, current_app, make_response, render_template, request

from salle.demo.simulators.settings import Settings


def settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def own_url(path: str) -> str:
    """Address of one of our paths as the caller sees us."""
    return (settings().public_url or request.host_url.rstrip("/")) + path


def with_query(url: str, **parameters: str | None) -> str:
    """The address with parameters added, those that are None left out."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    query += [(key, value) for key, value in parameters.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(query)))


def redirect_to(url: str) -> Response:
    """See other, without the HTML body that nobody reads."""
    response = Response(status=303)
    response.headers["Location"] = url
    return response


def page(name: str, status: int = 200, **context: object) -> Response:
    return make_response(render_template(f"simulators/{name}.html", **context), status)


def add_headers(response: Response) -> Response:
    """Nothing is cached, framed or loaded from elsewhere.

    No form-action: browsers apply it to the redirect that follows a form, and ours lead back
    to the service, whose address we do not choose.
    """
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response

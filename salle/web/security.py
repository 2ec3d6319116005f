"""Headers that keep browsers on our side: content policy, framing, referrer, caching."""

from __future__ import annotations

from flask import Flask, Response, current_app, request, session

from salle.web.assets import CACHE_FOREVER

POLICY = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
PERMISSIONS = "camera=(), microphone=(), geolocation=(self), payment=(), usb=()"


def content_policy(form_actions: tuple[str, ...] | list[str] = ()) -> str:
    """The policy; `form_actions` are the other origins a form's answer may redirect to.

    Chromium applies form-action to the redirects that follow a POST, so the hosted payment
    page and the identity provider must be named (CSP_FORM_ACTIONS).
    """
    return "; ".join((*POLICY, " ".join(("form-action 'self'", *form_actions))))


def _cache_control() -> str | None:
    if request.endpoint == "static":
        return CACHE_FOREVER if request.args.get("v") else "public, max-age=3600"
    if request.authorization or session.get("_user_id"):
        return "no-store"
    return "private, no-cache"


def add_headers(response: Response) -> Response:
    """Add each header unless the view has set its own."""
    headers = response.headers
    config = current_app.config
    if "Cache-Control" not in headers or request.endpoint == "static":
        headers["Cache-Control"] = _cache_control() or "no-store"
    headers.setdefault(
        "Content-Security-Policy", content_policy(config.get("CSP_FORM_ACTIONS", ()))
    )
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", PERMISSIONS)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if str(config.get("PUBLIC_URL", "")).startswith("https://"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def init_security(app: Flask) -> None:
    app.after_request(add_headers)

"""A small OpenID provider shaped like FranceConnect v2 (low): as strict, without the registers.

Kept from the original: unknown parameters refused, acr_values demanded, long nonce, code of
30 seconds used once, client_secret_post only, signed userinfo, pairwise subject ending in v1.
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from salle.demo.personas import PERSONAS, Persona, find_persona
from salle.demo.simulators.keys import load_signing_key
from salle.demo.simulators.settings import Settings
from salle.demo.simulators.web import own_url, page, redirect_to, with_query
from salle.kernel.money import NBSP

PREFIX = "/identite"
TOKEN_SECONDS = 60
CODE_SECONDS = 30
ACR = "eidas1"
SCOPES = {"openid", "given_name", "family_name", "preferred_username", "email"}
REQUIRED = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "acr_values")
ACCEPTED = {*REQUIRED, "claims", "prompt", "idp_hint", "ui_locales"}
LOOPBACK = {"127.0.0.1", "localhost"}
SAFE_VALUE = re.compile(r"[\x21-\x7e]{22,512}")

blueprint = Blueprint("identity", __name__, url_prefix=PREFIX)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a code, then an access token, stands for."""

    persona: Persona
    redirect_uri: str
    nonce: str
    scope: frozenset[str]
    expires_at: float


class Provider:
    """Signs, and remembers codes and tokens for the seconds they live: in memory, on purpose."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.key: ECKey = load_signing_key(settings.folder)
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}

    def issue(self, grant: Grant) -> str:
        reference = secrets.token_urlsafe(32)
        with self._lock:
            now = time.time()
            self._grants = {k: g for k, g in self._grants.items() if g.expires_at > now}
            self._grants[reference] = grant
        return reference

    def take(self, code: str) -> Grant | None:
        """The grant of that code, which then no longer exists."""
        with self._lock:
            grant = self._grants.pop(code, None)
        return grant if grant and grant.expires_at > time.time() else None

    def read(self, token: str) -> Grant | None:
        with self._lock:
            grant = self._grants.get(token)
        return grant if grant and grant.expires_at > time.time() else None

    def sign(self, persona: Persona, **claims: Any) -> str:
        now = int(time.time())
        header = {"alg": "ES256", "kid": self.key.kid}
        always = {
            "iss": self.settings.issuer,
            "aud": self.settings.client_id,
            "sub": persona.sub,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        return jwt.encode(header, {**always, **claims}, self.key)

    def is_ours(self, token: str) -> bool:
        """Whether we signed that id_token, however long ago."""
        try:
            jwt.decode(token, self.key, registry=JWSRegistry(algorithms=["ES256"]))
        except (JoseError, ValueError):
            return False
        return True

    def knows_redirect(self, uri: str) -> bool:
        """Registered addresses, and any page of this machine."""
        if uri in self.settings.redirect_uris:
            return True
        try:
            parts = urlsplit(uri)
            known = (
                parts.scheme == "http" and parts.hostname in LOOPBACK and "@" not in parts.netloc
            )
            return known and parts.port != 0 and not parts.fragment and uri.isprintable()
        except ValueError:
            return False

    def knows_client(self, client_id: str, secret: str) -> bool:
        ours = self.settings
        right_id = hmac.compare_digest(client_id.encode(), ours.client_id.encode())
        return hmac.compare_digest(secret.encode(), ours.client_secret.encode()) and right_id


def provider() -> Provider:
    found: Provider = current_app.config["PROVIDER"]
    return found


@blueprint.get("/.well-known/openid-configuration")
def discovery() -> Response:
    base = own_url(PREFIX)
    return jsonify(
        issuer=provider().settings.issuer,
        authorization_endpoint=f"{base}/authorize",
        token_endpoint=f"{base}/token",
        userinfo_endpoint=f"{base}/userinfo",
        jwks_uri=f"{base}/jwks",
        end_session_endpoint=f"{base}/session/end",
        response_types_supported=["code"],
        grant_types_supported=["authorization_code"],
        scopes_supported=sorted(SCOPES),
        claims_supported=["sub", "given_name", "family_name", "preferred_username", "email"],
        subject_types_supported=["pairwise"],
        acr_values_supported=[ACR],
        id_token_signing_alg_values_supported=["ES256"],
        userinfo_signing_alg_values_supported=["ES256"],
        token_endpoint_auth_methods_supported=["client_secret_post"],
        authorization_response_iss_parameter_supported=True,
    )


@blueprint.get("/jwks")
def jwks() -> Response:
    key = provider().key
    return jsonify(keys=[{**key.as_dict(private=False), "use": "sig", "alg": "ES256"}])


@blueprint.route("/authorize", methods=["GET", "POST"])
def authorize() -> Response:
    """Who signs in? One button per persona, in a plain form."""
    asked = request.values.to_dict()
    refusal = refuse_request(asked, request.values.to_dict(flat=False))
    if refusal:
        return page("identity_error", 400, code=refusal[0], reason=refusal[1])
    if not set(asked["scope"].split()) <= SCOPES or "openid" not in asked["scope"].split():
        return back(asked, error="invalid_scope", error_description="scope not granted")
    return page("identity_choice", personas=PERSONAS, asked=asked)


@blueprint.post("/choix")
def choose() -> Response:
    """The button that was pressed: a persona, or going back without signing in."""
    asked = {k: v for k, v in request.form.to_dict().items() if k not in {"persona", "renoncer"}}
    refusal = refuse_request(asked, {})
    if refusal:
        return page("identity_error", 400, code=refusal[0], reason=refusal[1])
    if "renoncer" in request.form:
        return back(asked, error="access_denied", error_description="User auth aborted")
    persona = find_persona(request.form.get("persona", ""))
    if persona is None:
        return page("identity_choice", 400, personas=PERSONAS, asked=asked, unknown=True)
    grant = Grant(
        persona=persona,
        redirect_uri=asked["redirect_uri"],
        nonce=asked["nonce"],
        scope=frozenset(asked["scope"].split()),
        expires_at=time.time() + CODE_SECONDS,
    )
    return back(asked, code=provider().issue(grant))


def refuse_request(asked: dict[str, str], raw: dict[str, list[str]]) -> tuple[str, str] | None:
    """Code and French reason for which FranceConnect would show its own error page, or None."""
    ours = provider().settings
    unknown = sorted(set(asked) - ACCEPTED)
    missing = [name for name in REQUIRED if not asked.get(name)]
    repeated = sorted(name for name, values in raw.items() if len(values) > 1)
    checks = (
        (unknown, "Y000400", f"paramètre inconnu{NBSP}: {', '.join(unknown)[:200]}"),
        (missing, "Y000400", f"paramètre manquant{NBSP}: {', '.join(missing)}"),
        (repeated, "Y000400", f"paramètre répété{NBSP}: {', '.join(repeated)[:200]}"),
        (asked.get("client_id") != ours.client_id, "Y030106", "service inconnu (client_id)"),
        (
            not provider().knows_redirect(asked.get("redirect_uri", "")),
            "Y030031",
            "adresse de retour non enregistrée (redirect_uri)",
        ),
        (
            asked.get("response_type") != "code",
            "Y000400",
            f"response_type doit valoir «{NBSP}code{NBSP}»",
        ),
        (asked.get("acr_values") != ACR, "Y000400", f"acr_values doit valoir «{NBSP}{ACR}{NBSP}»"),
        (
            not SAFE_VALUE.fullmatch(asked.get("nonce", "")),
            "Y000400",
            f"nonce trop court{NBSP}: 22 caractères au moins",
        ),
        (
            not SAFE_VALUE.fullmatch(asked.get("state", "")),
            "Y000400",
            f"state trop court{NBSP}: 22 caractères au moins",
        ),
        (
            asked.get("prompt", "login") not in {"login", "consent", "login consent"},
            "Y000400",
            f"prompt n’accepte que «{NBSP}login{NBSP}» et «{NBSP}consent{NBSP}»",
        ),
    )
    return next(((code, reason) for wrong, code, reason in checks if wrong), None)


def back(asked: dict[str, str], **answer: str) -> Response:
    url = with_query(
        asked["redirect_uri"], **answer, state=asked["state"], iss=provider().settings.issuer
    )
    return redirect_to(url)


@blueprint.post("/token")
def token() -> tuple[Response, int] | Response:
    form = request.form
    if request.authorization or not provider().knows_client(
        form.get("client_id", ""), form.get("client_secret", "")
    ):
        return jsonify(error="invalid_client"), 401
    if form.get("grant_type") != "authorization_code":
        return jsonify(error="unsupported_grant_type"), 400
    grant = provider().take(form.get("code", ""))
    if grant is None or form.get("redirect_uri") != grant.redirect_uri:
        return jsonify(error="invalid_grant", error_description="grant request is invalid"), 400
    access = Grant(
        persona=grant.persona,
        redirect_uri=grant.redirect_uri,
        nonce=grant.nonce,
        scope=grant.scope,
        expires_at=time.time() + TOKEN_SECONDS,
    )
    return jsonify(
        access_token=provider().issue(access),
        token_type="Bearer",  # noqa: S106 the scheme's name
        expires_in=TOKEN_SECONDS,
        scope=" ".join(sorted(grant.scope)),
        id_token=provider().sign(grant.persona, nonce=grant.nonce, acr=ACR),
    )


@blueprint.get("/userinfo")
def userinfo() -> Response:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    grant = provider().read(value) if scheme.lower() == "bearer" else None
    if grant is None:
        refusal = jsonify(error="invalid_token")
        refusal.status_code = 401
        refusal.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return refusal
    persona = grant.persona
    claims = {
        "given_name": persona.given_name,
        "family_name": persona.family_name,
        "preferred_username": persona.usual_name,
        "email": persona.email,
    }
    given = {k: v for k, v in claims.items() if k in grant.scope and v is not None}
    return Response(provider().sign(persona, **given), mimetype="application/jwt")


@blueprint.get("/session/end")
def end_session() -> Response:
    """Back to the service: there is no session to end, but the request is checked all the same."""
    if not provider().is_ours(request.args.get("id_token_hint", "")):
        return page("identity_error", 400, code="Y030111", reason="id_token_hint inconnu")
    target = request.args.get("post_logout_redirect_uri", "")
    if not provider().knows_redirect(target):
        return page("identity_error", 400, code="Y030111", reason="adresse de retour inconnue")
    return redirect_to(with_query(target, state=request.args.get("state")))

"""Sign-in through OpenID Connect, shaped for FranceConnect v2: strict where Authlib is lenient.

No PKCE: FranceConnect refuses the parameter. The access token lives 60 s, is used at once and
never kept. The caller keeps the id_token, encrypted, for the logout.
"""

from __future__ import annotations

import logging
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, current_app, request, session
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from werkzeug.wrappers import Response

from salle.adapters.network import is_loopback

logger = logging.getLogger(__name__)

EXTENSION = "salle.oidc"
NAME = "oidc"
SCOPE = "openid given_name family_name preferred_username email"
ALGORITHMS = ("ES256", "RS256")
TIMEOUT_SECONDS = 5
CLOCK_SKEW_SECONDS = 30
ATTEMPTS_KEPT = 3
MAX_CLAIM_LENGTH = 256

Answer = TypeVar("Answer")
SignInErrorCode = Literal["interrupted", "unavailable", "invalid"]


class SignInError(Exception):
    """Sign-in did not end well: given up, provider unreachable, or an answer not to be trusted."""

    def __init__(self, code: SignInErrorCode, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code: SignInErrorCode = code
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who signed in. (issuer, sub) is the identity; the e-mail is not verified by the provider."""

    issuer: str
    sub: str
    given_name: str
    family_name: str
    usual_name: str | None
    email: str | None
    acr: str | None
    id_token: str


class StrictOIDC(FlaskOAuth2App):
    """Authlib's client with the checks that it leaves to the caller."""

    issuer: str
    acr: str | None
    is_local: bool

    def _get_session(self) -> OAuth2Session:
        return self._without_proxy(super()._get_session())  # type: ignore[misc]  # not in the stubs

    def _get_oauth_client(self, **metadata: Any) -> OAuth2Session:
        session = super()._get_oauth_client(**metadata)  # type: ignore[misc]  # not in the stubs
        return self._without_proxy(session)

    def _without_proxy(self, session: OAuth2Session) -> OAuth2Session:
        """A provider on this machine is not behind the proxy of the environment."""
        session.trust_env = not self.is_local
        return session

    def load_server_metadata(self) -> dict[str, Any]:
        """Discovery, once per process; the issuer must be the configured one."""
        metadata: dict[str, Any] = super().load_server_metadata()
        if metadata.get("issuer") != self.issuer:
            self.server_metadata.pop("_loaded_at", None)
            raise SignInError("unavailable", "unexpected_issuer")
        # Else an unsigned id_token passes wherever discovery lists « none ».
        metadata["id_token_signing_alg_values_supported"] = list(ALGORITHMS)
        return metadata

    def save_authorize_data(self, **kwargs: Any) -> None:
        """Keep what the callback needs of the last attempts: the session is a 4 kB cookie."""
        prefix = f"_state_{self.name}_"
        attempts = [key for key in session if key.startswith(prefix)]
        attempts.sort(key=lambda key: float(session[key].get("exp", 0)))
        for key in attempts[: max(0, len(attempts) - ATTEMPTS_KEPT + 1)]:
            session.pop(key)
        kwargs.pop("url", None)
        super().save_authorize_data(**kwargs)

    def begin(self, redirect_uri: str) -> Response:
        asked = {"acr_values": self.acr} if self.acr else {}
        answer: Response = self.authorize_redirect(
            redirect_uri,
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            **asked,
        )
        return answer

    def finish(self) -> Identity:
        metadata = self.load_server_metadata()
        self._check_callback(metadata)
        expected: dict[str, Any] = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
        }
        demanded = {"acr": {"essential": True, "values": [self.acr]}} if self.acr else {}
        token = self.authorize_access_token(
            leeway=CLOCK_SKEW_SECONDS, claims_options={**expected, **demanded}
        )
        id_claims = token.get("userinfo")
        if not id_claims:
            raise SignInError("invalid", "no_id_token")
        answer = self._fetch(metadata["userinfo_endpoint"], token)
        if not answer.headers.get("content-type", "").startswith("application/jwt"):
            raise SignInError("invalid", "unsigned_userinfo")
        claims = self._verify(answer.text)
        JWTClaimsRegistry(leeway=CLOCK_SKEW_SECONDS, **expected).validate(claims)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject or subject != id_claims["sub"]:
            raise SignInError("invalid", "sub_mismatch")
        return Identity(
            issuer=self.issuer,
            sub=subject,
            given_name=_clean(claims.get("given_name")) or "",
            family_name=_clean(claims.get("family_name")) or "",
            usual_name=_clean(claims.get("preferred_username")),
            email=_clean(claims.get("email")),
            acr=id_claims.get("acr"),
            id_token=token["id_token"],
        )

    def _fetch(self, url: str, token: dict[str, Any]) -> requests.Response:
        answer: requests.Response = self.get(url, token=token)  # type: ignore[no-untyped-call]
        answer.raise_for_status()
        return answer

    def _check_callback(self, metadata: dict[str, Any]) -> None:
        """State first, then who answers, then what they answer; a refusal consumes the state."""
        state, issuer = request.args.get("state", ""), request.args.get("iss")
        if not self.framework.get_state_data(session, state):
            raise SignInError("invalid", "unknown_state")
        demanded = metadata.get("authorization_response_iss_parameter_supported")
        if issuer != self.issuer and (issuer is not None or demanded):
            raise SignInError("invalid", "wrong_iss")
        if "error" not in request.args:
            return
        self.framework.clear_state_data(session, state)
        match request.args["error"]:
            case "access_denied":
                raise SignInError("interrupted", "access_denied")
            case "temporarily_unavailable" | "server_error":
                raise SignInError("unavailable", "provider_error")
        raise SignInError("invalid", "provider_refusal")

    def _verify(self, text: str, *, fresh: bool = False) -> dict[str, Any]:
        """Claims of a signed answer; an unknown key is looked up again once: keys rotate."""
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        keys = KeySet.import_key_set(self.fetch_jwk_set(force=fresh))
        try:
            return jwt.decode(text, keys, registry=registry).claims
        except InvalidKeyIdError:
            if fresh:
                raise
        return self._verify(text, fresh=True)


def init_oidc(app: Flask) -> None:
    """Give the application its identity provider; nothing is fetched yet."""
    config = app.config
    client = StrictOIDC(
        FlaskIntegration(NAME),
        name=NAME,
        client_id=config["OIDC_CLIENT_ID"],
        client_secret=config["OIDC_CLIENT_SECRET"],
        server_metadata_url=config["OIDC_DISCOVERY_URL"],
        client_kwargs={
            "scope": SCOPE,
            "leeway": 0,  # the default of 60 s makes a 60 s token expired at once
            "default_timeout": TIMEOUT_SECONDS,
            "token_endpoint_auth_method": "client_secret_post",
        },
    )
    client.issuer = config["OIDC_ISSUER"]
    client.is_local = is_loopback(config["OIDC_DISCOVERY_URL"])
    client.acr = config.get("OIDC_ACR") or None
    app.extensions[EXTENSION] = client


def begin_sign_in(redirect_uri: str) -> Response:
    """Send the browser to the provider; state and nonce wait in the session. SignInError."""
    return _guarded(lambda client: client.begin(redirect_uri))


def finish_sign_in() -> Identity:
    """Who came back, from the present request and session. Raises SignInError."""
    return _guarded(lambda client: client.finish())


def logout_url(id_token: str, post_logout_redirect_uri: str, state: str) -> str:
    """Where to send the browser to end the provider's session too. Raises SignInError."""

    def build(client: StrictOIDC) -> str:
        answer = client.create_logout_url(
            post_logout_redirect_uri, id_token_hint=id_token, state=state
        )
        return str(answer["url"])

    return _guarded(build)


def _guarded(call: Callable[[StrictOIDC], Answer]) -> Answer:
    """Run one exchange with the provider; whatever goes wrong comes out as a SignInError."""
    try:
        return call(current_app.extensions[EXTENSION])
    except SignInError as error:
        failure = error
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        code: SignInErrorCode = "unavailable" if status >= 500 or status == 0 else "invalid"
        failure = SignInError(code, f"http_{status}")
    except requests.RequestException as error:
        failure = SignInError("unavailable", type(error).__name__)
    except (OAuthError, JoseError) as error:
        failure = SignInError("invalid", type(error).__name__)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        failure = SignInError("invalid", f"malformed_{type(error).__name__}")
    # Never the provider's own words: they may hold personal data.
    logger.warning("sign_in.failed", extra={"code": failure.code, "reason": failure.reason})
    raise failure


def _clean(value: object) -> str | None:
    """A claim as one line of printable text of bounded length, or None."""
    if not isinstance(value, str):
        return None
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in value)
    return " ".join(unicodedata.normalize("NFC", kept).split())[:MAX_CLAIM_LENGTH] or None

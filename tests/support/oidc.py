"""A service that signs in through our adapter, and a provider whose answers a test may spoil."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from bs4 import BeautifulSoup
from flask import Flask, jsonify, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import BaseWSGIServer, make_server

from config import SIMULATION_ISSUER
from salle.adapters.oidc import SignInError, begin_sign_in, finish_sign_in, init_oidc, logout_url
from salle.demo.personas import Persona
from salle.demo.simulators.identity import Provider
from salle.demo.simulators.server import create_simulators
from salle.demo.simulators.settings import Settings
from tests.support.simulators import CLIENT_ID, CLIENT_SECRET, SECRET_KEY, WEBHOOK_SECRET

Claims = dict[str, Any]


class SpoiledProvider(Provider):
    """The simulated provider, with a hand on every token it signs."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.change_id_token: Callable[[Claims], Claims | str] = dict
        self.change_userinfo: Callable[[Claims], Claims | str] = dict
        self.signing_key: ECKey | None = None

    def sign(self, persona: Persona, **claims: Any) -> str:
        now = int(time.time())
        always = {
            "iss": self.settings.issuer,
            "aud": self.settings.client_id,
            "sub": persona.sub,
            "iat": now,
            "exp": now + 60,
        }
        change = self.change_id_token if "nonce" in claims else self.change_userinfo
        changed = change({**always, **claims})
        return changed if isinstance(changed, str) else self.sign_as_is(changed)

    def sign_as_is(self, claims: Claims, key: ECKey | None = None, kid: str | None = None) -> str:
        used = key or self.signing_key or self.key
        return jwt.encode({"alg": "ES256", "kid": kid or used.kid}, claims, used)


class Peer:
    """The spoiled provider served over HTTP on this machine."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(
            port=0,
            folder=folder,
            issuer=SIMULATION_ISSUER,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_uris=(),
            public_url=None,
            stripe_secret_key=SECRET_KEY,
            stripe_webhook_secret=WEBHOOK_SECRET,
            stripe_webhook_url=None,
            parent_pid=0,
        )
        self.app = create_simulators(settings)
        self.provider = SpoiledProvider(settings)
        self.app.config["PROVIDER"] = self.provider
        self.server: BaseWSGIServer = make_server("127.0.0.1", 0, self.app, threaded=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/identite"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.app.config["STRIPE"].journal.close()


def service(discovery_url: str, issuer: str = SIMULATION_ISSUER) -> FlaskClient:
    """A minimal service with three pages: go, come back, leave."""
    app = Flask("service")
    app.config.update(
        SECRET_KEY="only-for-tests",
        OIDC_ISSUER=issuer,
        OIDC_DISCOVERY_URL=discovery_url,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_ACR="eidas1",
    )
    init_oidc(app)

    def go() -> ResponseReturnValue:
        return begin_sign_in("http://127.0.0.1:8000/retour")

    def back() -> ResponseReturnValue:
        identity = finish_sign_in()
        return jsonify(vars(identity))

    def leave() -> str:
        return logout_url(request.args["id_token"], "http://127.0.0.1:8000/parti", "s" * 43)

    def failed(error: SignInError) -> ResponseReturnValue:
        return jsonify(code=error.code, reason=error.reason), 400

    app.add_url_rule("/aller", "go", go)
    app.add_url_rule("/retour", "back", back)
    app.add_url_rule("/partir", "leave", leave)
    app.register_error_handler(SignInError, failed)
    return app.test_client()


def choose(client: FlaskClient, button: dict[str, str]) -> str:
    """From the service to the provider's page, press that button, and give the way back."""
    there = client.get("/aller").headers["Location"]
    page = BeautifulSoup(requests.get(there, timeout=5).text, "html.parser")
    form = page.find("form")
    assert form is not None, page.get_text(" ", strip=True)
    parts = urlsplit(there)
    fields = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    answer = requests.post(
        f"{parts.scheme}://{parts.netloc}{form['action']}",
        data={**fields, **button},
        allow_redirects=False,
        timeout=5,
    )
    assert answer.status_code == 303
    target = urlsplit(answer.headers["Location"])
    return f"{target.path}?{target.query}"

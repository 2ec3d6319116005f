"""The simulated provider is as strict as FranceConnect about what it is asked."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from salle.demo.simulators import identity
from salle.demo.simulators.keys import load_signing_key
from tests.support.oidc import Peer
from tests.support.simulators import CLIENT_ID, CLIENT_SECRET, Simulators

RETURN = "http://localhost:8000/retour"
GOOD = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": RETURN,
    "scope": "openid email",
    "state": "s" * 43,
    "nonce": "n" * 43,
    "acr_values": "eidas1",
}


def authorize(simulators: Simulators, **change: str | None) -> requests.Response:
    asked = {k: v for k, v in {**GOOD, **change}.items() if v is not None}
    url = f"{simulators.base}/identite/authorize"
    return requests.get(url, params=asked, allow_redirects=False, timeout=5)


def obtain_code(simulators: Simulators) -> str:
    answer = requests.post(
        f"{simulators.base}/identite/choix",
        data={**GOOD, "persona": "gardien@demo.example"},
        allow_redirects=False,
        timeout=5,
    )
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def exchange(simulators: Simulators, code: str, **change: Any) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": RETURN,
        "code": code,
        **change,
    }
    return requests.post(f"{simulators.base}/identite/token", data=form, timeout=5)


def test_authorize_when_right_then_offers_every_persona(simulators: Simulators) -> None:
    page = authorize(simulators)
    assert page.status_code == 200
    assert page.text.count('name="persona"') == 8
    assert "Simulation" in page.text


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": "x" * 43},
        {"max_age": "3"},
        {"login_hint": "a@b.example"},
        {"acr_values": None},
        {"acr_values": "eidas2"},
        {"nonce": "n" * 21},
        {"state": None},
        {"client_id": "another"},
        {"redirect_uri": "https://evil.invalid/retour"},
        {"redirect_uri": "http://127.0.0.1:80@evil.invalid/"},
        {"redirect_uri": "http://127.0.0.1.evil.invalid/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://127.0.0.1:99999999/"},
        {"response_type": "token"},
        {"prompt": "none"},
    ],
)
def test_authorize_when_wrong_then_error_page_without_redirect(
    simulators: Simulators, change: dict[str, str | None]
) -> None:
    answer = authorize(simulators, **change)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert "Demande de connexion refusée" in answer.text


def test_authorize_when_scope_is_not_granted_then_error_on_return(simulators: Simulators) -> None:
    answer = authorize(simulators, scope="openid birthdate")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (query["error"], query["state"]) == (["invalid_scope"], [GOOD["state"]])


def test_code_when_used_twice_then_refused(simulators: Simulators) -> None:
    code = obtain_code(simulators)
    assert exchange(simulators, code).status_code == 200
    assert exchange(simulators, code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"redirect_uri": "http://localhost:8000/ailleurs"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
    ],
)
def test_token_when_wrong_request_then_refused(
    simulators: Simulators, change: dict[str, str], error: str
) -> None:
    assert exchange(simulators, obtain_code(simulators), **change).json()["error"] == error


def test_token_when_client_secret_basic_then_refused(simulators: Simulators) -> None:
    url = f"{simulators.base}/identite/token"
    form = {"grant_type": "authorization_code", "code": obtain_code(simulators)}
    answer = requests.post(url, data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=5)
    assert answer.status_code == 401


def test_userinfo_when_scope_is_email_then_no_name(simulators: Simulators) -> None:
    token = exchange(simulators, obtain_code(simulators)).json()
    assert token["expires_in"] == 60
    url = f"{simulators.base}/identite/userinfo"
    header = {"Authorization": f"Bearer {token['access_token']}"}
    answer = requests.get(url, headers=header, timeout=5)
    assert answer.headers["Content-Type"].startswith("application/jwt")
    assert requests.get(url, timeout=5).status_code == 401


def test_code_when_30_seconds_old_then_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:

    peer = Peer(tmp_path)
    try:
        grant = identity.Grant(
            persona=identity.PERSONAS[0],
            redirect_uri=RETURN,
            nonce="n" * 43,
            scope=frozenset({"openid"}),
            expires_at=time.time() + identity.CODE_SECONDS,
        )
        code = peer.provider.issue(grant)
        real = time.time
        monkeypatch.setattr(identity.time, "time", lambda: real() + 31)
        assert peer.provider.take(code) is None
    finally:
        monkeypatch.undo()
        peer.close()


def test_signing_key_when_loaded_again_then_the_same_and_private(tmp_path: Any) -> None:
    first = load_signing_key(tmp_path / "clés")
    assert load_signing_key(tmp_path / "clés").kid == first.kid
    path = tmp_path / "clés" / "identity-key.json"
    assert path.stat().st_mode & 0o777 == 0o600

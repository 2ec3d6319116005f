"""Our sign-in against a real provider over HTTP, honest then spoiled in every way we know."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from salle.demo.personas import PERSONAS, find_persona
from tests.support.oidc import Claims, Peer, choose, service
from tests.support.simulators import CLIENT_ID, CLIENT_SECRET, free_port

FOREIGN_KEY = ECKey.generate_key("P-256", auto_kid=True)
NOLWENN = {"persona": "association@demo.example"}


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    running = Peer(tmp_path)
    yield running
    running.close()


@pytest.fixture
def client(peer: Peer) -> FlaskClient:
    return service(f"{peer.base}/.well-known/openid-configuration")


def sign_in(client: FlaskClient, button: dict[str, str] = NOLWENN) -> dict[str, Any]:
    found: dict[str, Any] = client.get(choose(client, button)).get_json()
    return found


def unsigned(claims: Claims) -> str:
    parts = [{"alg": "none"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    return b".".join([*encoded, b""]).decode()


def with_secret(claims: Claims) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET))


def changed(**changes: Any) -> Callable[[Claims], Claims]:
    return lambda claims: {**claims, **changes}


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {k: v for k, v in claims.items() if k != name}


def later(**seconds: int) -> Callable[[Claims], Claims]:
    """Claims counted from now."""
    return lambda claims: {**claims, **{k: int(time.time()) + v for k, v in seconds.items()}}


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.email)
def test_sign_in_when_a_persona_is_chosen_then_their_identity(
    client: FlaskClient, persona: Any
) -> None:
    found = sign_in(client, {"persona": persona.email})
    assert found["sub"] == persona.sub
    assert found["sub"].endswith("v1")
    assert (found["given_name"], found["family_name"], found["usual_name"], found["email"]) == (
        persona.given_name,
        persona.family_name,
        persona.usual_name,
        persona.email,
    )
    assert (found["issuer"], found["acr"]) == ("https://identite.simulation.invalid", "eidas1")


def test_request_when_sent_then_has_what_franceconnect_wants_and_no_pkce(
    client: FlaskClient,
) -> None:
    query = parse_qs(urlsplit(client.get("/aller").headers["Location"]).query)
    assert set(query) == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "acr_values",
    }
    assert len(query["nonce"][0]) == len(query["state"][0]) == 43


def test_sign_in_when_the_environment_has_a_proxy_then_this_machine_is_reached_without_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    way_back = choose(client, NOLWENN)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert client.get(way_back).get_json()["email"] == NOLWENN["persona"]


def test_sign_in_when_given_up_then_interrupted(client: FlaskClient) -> None:
    assert sign_in(client, {"renoncer": "1"})["code"] == "interrupted"


ID_TOKEN_ATTACKS: dict[str, Callable[[Claims], Claims | str]] = {
    "no signature": unsigned,
    "signed with the client secret": with_secret,
    "other nonce": changed(nonce="n" * 43),
    "other audience": changed(aud="another"),
    "another is the authorised party": changed(aud=[CLIENT_ID, "another"], azp="another"),
    "other issuer": changed(iss="https://elsewhere.invalid"),
    "weaker level": changed(acr="eidas0"),
    "no level": without("acr"),
    "no subject": without("sub"),
    "no expiry": without("exp"),
    "expired 40 s ago": later(exp=-40, iat=-100),
    "made in 5 minutes": later(iat=300, exp=360),
    "not a token": lambda _: "a.b.c",
    "empty": lambda _: "",
}


@pytest.mark.parametrize("attack", ID_TOKEN_ATTACKS)
def test_id_token_when_spoiled_then_invalid(peer: Peer, client: FlaskClient, attack: str) -> None:
    peer.provider.change_id_token = ID_TOKEN_ATTACKS[attack]
    assert sign_in(client).get("code") == "invalid"


USERINFO_ATTACKS: dict[str, Callable[[Claims], Claims | str]] = {
    "no signature": unsigned,
    "signed with the client secret": with_secret,
    "other audience": changed(aud="another"),
    "other issuer": changed(iss="https://elsewhere.invalid"),
    "no issuer": without("iss"),
    "other subject": changed(sub="0" * 64 + "v1"),
    "no subject": without("sub"),
    "expired 40 s ago": later(exp=-40),
    "not a token": lambda _: "<html>",
}


@pytest.mark.parametrize("attack", USERINFO_ATTACKS)
def test_userinfo_when_spoiled_then_invalid(peer: Peer, client: FlaskClient, attack: str) -> None:
    peer.provider.change_userinfo = USERINFO_ATTACKS[attack]
    assert sign_in(client).get("code") == "invalid"


@pytest.mark.parametrize("kid", ["its own", "ours"])
@pytest.mark.parametrize("what", ["change_id_token", "change_userinfo"])
def test_token_when_signed_by_a_foreign_key_then_invalid(
    peer: Peer, client: FlaskClient, what: str, kid: str
) -> None:
    name = peer.provider.key.kid if kid == "ours" else None
    spoil = lambda claims: peer.provider.sign_as_is(claims, FOREIGN_KEY, name)  # noqa: E731
    setattr(peer.provider, what, spoil)
    assert sign_in(client).get("code") == "invalid"


def test_userinfo_when_plain_json_then_invalid(peer: Peer, client: FlaskClient) -> None:
    peer.app.view_functions["identity.userinfo"] = lambda: {
        "sub": find_persona(NOLWENN["persona"]).sub  # type: ignore[union-attr]
    }
    assert sign_in(client)["reason"] == "unsigned_userinfo"


@pytest.mark.parametrize("change", [later(exp=-20), later(iat=20, exp=80)])
def test_clock_when_20_s_apart_then_accepted(
    peer: Peer, client: FlaskClient, change: Callable[[Claims], Claims]
) -> None:
    peer.provider.change_id_token = peer.provider.change_userinfo = change
    assert sign_in(client)["email"] == NOLWENN["persona"]


def test_key_when_rotated_then_fetched_again(peer: Peer, client: FlaskClient) -> None:
    assert sign_in(client)["email"] == NOLWENN["persona"]
    peer.provider.key = FOREIGN_KEY
    assert sign_in(client)["email"] == NOLWENN["persona"]


def test_claims_when_long_or_dirty_then_bounded_and_clean(peer: Peer, client: FlaskClient) -> None:
    peer.provider.change_userinfo = changed(
        given_name="Zoé\x00\n  Anne", family_name="é" * 9000, email=None, preferred_username=7
    )
    found = sign_in(client)
    assert (found["given_name"], len(found["family_name"])) == ("Zoé Anne", 256)
    assert (found["email"], found["usual_name"]) == (None, None)


def test_return_when_replayed_then_invalid(client: FlaskClient) -> None:
    way_back = choose(client, NOLWENN)
    assert client.get(way_back).status_code == 200
    assert client.get(way_back).get_json() == {"code": "invalid", "reason": "unknown_state"}


def test_return_when_in_another_browser_then_invalid(peer: Peer, client: FlaskClient) -> None:
    way_back = choose(client, NOLWENN)
    other = client.application.test_client()
    assert other.get(way_back).get_json()["reason"] == "unknown_state"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("state=", "state=x"), "invalid"),
        (("iss=https", "iss=http"), "invalid"),
        (("&iss=", "&was="), "invalid"),
        (("code=", "code=x"), "invalid"),
        (("code=", "error=access_denied&was="), "interrupted"),
        (("code=", "error=server_error&was="), "unavailable"),
        (("code=", "error=temporarily_unavailable&was="), "unavailable"),
        (("code=", "error=%3Cscript%3E&was="), "invalid"),
    ],
)
def test_return_when_altered_then_refused(
    client: FlaskClient, change: tuple[str, str], code: str
) -> None:
    altered = choose(client, NOLWENN).replace(*change)
    assert client.get(altered).get_json()["code"] == code


def test_return_when_older_attempts_were_left_then_the_session_stays_small(
    client: FlaskClient,
) -> None:
    for _ in range(12):
        client.get("/aller")
    assert sign_in(client)["email"] == NOLWENN["persona"]
    cookie = client.get_cookie("session")
    assert cookie is None or len(cookie.value) < 700


def test_provider_when_down_or_another_then_unavailable(peer: Peer) -> None:
    nowhere = service(f"http://127.0.0.1:{free_port()}/.well-known/openid-configuration")
    assert nowhere.get("/aller").get_json()["code"] == "unavailable"
    other = service(f"{peer.base}/.well-known/openid-configuration", "https://other.invalid")
    assert other.get("/aller").get_json() == {"code": "unavailable", "reason": "unexpected_issuer"}
    missing = service(f"{peer.base}/nothing-here")
    assert missing.get("/aller").get_json()["code"] == "invalid"


def test_provider_when_it_breaks_in_mid_path_then_unavailable(
    peer: Peer, client: FlaskClient
) -> None:
    way_back = choose(client, NOLWENN)
    peer.app.view_functions["identity.userinfo"] = lambda: ("", 503)
    assert client.get(way_back).get_json() == {"code": "unavailable", "reason": "http_503"}


def test_logout_when_asked_then_back_with_state(peer: Peer, client: FlaskClient) -> None:
    id_token = sign_in(client)["id_token"]
    there = client.get("/partir", query_string={"id_token": id_token}).text
    answer = requests.get(there, allow_redirects=False, timeout=5)
    assert answer.headers["Location"] == f"http://127.0.0.1:8000/parti?state={'s' * 43}"
    forged = there.replace(id_token, unsigned({"sub": "x"}))
    assert requests.get(forged, allow_redirects=False, timeout=5).status_code == 400

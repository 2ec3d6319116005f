"""Signing in: a verified identity opens a session, and proves nothing more."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from salle.accounts import service
from salle.accounts.models import Identity as KnownIdentity
from salle.accounts.models import User
from salle.accounts.queries import find_session
from salle.adapters.oidc import Identity
from salle.db import db, transaction
from tests.support.sign_in import sign_in as browser_sign_in
from tests.support.world import NOW


def proven(sub: str = "abc v1", email: str | None = "camille@essai.example") -> Identity:
    return Identity(
        issuer="https://issuer.example",
        sub=sub,
        given_name="Camille",
        family_name="Dupont",
        usual_name=None,
        email=email,
        acr="eidas1",
        id_token="token",
    )


def sign_in(identity: Identity) -> str:
    with transaction():
        return service.sign_in(proven=identity, id_token_encrypted=b"sealed", now=NOW)


def test_the_first_sign_in_makes_an_account_without_rights(session: None) -> None:
    found = find_session(sign_in(proven()), now=NOW)
    assert found is not None
    user = found[1]
    assert (user.name, user.email, user.roles) == ("Camille Dupont", "camille@essai.example", [])


def test_the_same_identity_is_the_same_person(session: None) -> None:
    sign_in(proven())
    sign_in(proven(email="autre@essai.example"))
    assert db.session.scalar(sa.select(sa.func.count(User.id))) == 1
    assert db.session.scalar(sa.select(KnownIdentity.last_seen_at)) == NOW


def test_the_same_address_is_not_the_same_person(session: None) -> None:
    sign_in(proven())
    sign_in(proven(sub="other v1"))
    assert db.session.scalar(sa.select(sa.func.count(User.id))) == 2


def test_an_identity_without_address_is_refused_unless_known(session: None) -> None:
    with pytest.raises(service.NoAddress):
        sign_in(proven(email=None))
    assert db.session.scalar(sa.select(sa.func.count(User.id))) == 0
    sign_in(proven())
    assert find_session(sign_in(proven(email=None)), now=NOW) is not None


def test_a_session_ends_by_itself_or_at_sign_out(session: None) -> None:
    token = sign_in(proven())
    assert find_session(token, now=NOW + service.SESSION_DURATION) is None
    assert find_session("forged", now=NOW) is None
    found = find_session(token, now=NOW + timedelta(minutes=1))
    assert found is not None
    with transaction():
        service.sign_out(session=found[0], now=NOW)
    assert find_session(token, now=NOW) is None


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\t/evil.example", "/\n/x", "/\r\n/x", "/\\evil", "https://evil", "", "x"],
)
def test_only_our_own_pages_are_returned_to(client: FlaskClient, target: str) -> None:
    user = sign_in_as(client)
    answer = client.get("/connexion", query_string={"suite": target})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    assert user


def test_a_page_of_ours_is_returned_to(client: FlaskClient) -> None:
    sign_in_as(client)
    answer = client.get("/connexion", query_string={"suite": "/salles?ou=Élan"})
    assert answer.headers["Location"].startswith("/salles?ou=")


def sign_in_as(client: FlaskClient) -> User:
    user = User(name="Camille", email="camille@essai.example", created_at=NOW)
    db.session.add(user)
    db.session.flush()
    browser_sign_in(client, user.id)
    return user

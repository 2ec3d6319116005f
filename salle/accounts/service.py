"""Signing in and out, and API tokens."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from salle.accounts.models import ApiToken, Identity, User, UserSession
from salle.accounts.queries import find_user_by_identity, get_user_by_email
from salle.adapters.oidc import Identity as ProvenIdentity
from salle.audit.service import record
from salle.db import db
from salle.kernel.errors import Invalid
from salle.kernel.ids import hash_token, new_token


class NoAddress(Invalid):
    """The provider gave no e-mail: there would be no way to write to the person."""

    message = (
        "Votre fournisseur d’identité n’a pas transmis d’adresse électronique. "
        "Ajoutez-en une chez lui, ou choisissez-en un autre."
    )


SESSION_DURATION = timedelta(hours=12)
TOKEN_DURATION = timedelta(days=365)


def sign_in(*, proven: ProvenIdentity, id_token_encrypted: bytes, now: datetime) -> str:
    """Open a session for the person behind a verified identity; returns the cookie's token.

    An unknown (issuer, sub) makes a new account without any role or organisation: identity
    proves who somebody is, never what they may do (shared rule of FranceConnect §2.3).
    """
    user = find_user_by_identity(proven.issuer, proven.sub)
    if user is None:
        if proven.email is None:
            raise NoAddress
        user = User(name=_display_name(proven), email=proven.email, created_at=now)
        db.session.add(user)
        db.session.flush()
        db.session.add(Identity(user_id=user.id, issuer=proven.issuer, sub=proven.sub))
        db.session.flush()
        record("account.created", object_type="user", object_id=user.id, actor_id=user.id, at=now)
    db.session.execute(
        sa.update(Identity)
        .where(Identity.issuer == proven.issuer, Identity.sub == proven.sub)
        .values(last_seen_at=now)
    )
    token = new_token()
    db.session.add(
        UserSession(
            user_id=user.id,
            token_hash=hash_token(token),
            id_token_encrypted=id_token_encrypted,
            created_at=now,
            expires_at=now + SESSION_DURATION,
        )
    )
    record("account.signed_in", object_type="user", object_id=user.id, actor_id=user.id, at=now)
    return token


def sign_out(*, session: UserSession, now: datetime) -> None:
    """End a session at once."""
    record(
        "account.signed_out",
        object_type="user",
        object_id=session.user_id,
        actor_id=session.user_id,
        at=now,
    )
    db.session.delete(session)


def issue_api_token(*, email: str, now: datetime) -> str:
    """A new Bearer token for the account with that address; NotFound when there is none."""
    user = get_user_by_email(email)
    token = new_token()
    db.session.add(
        ApiToken(
            user_id=user.id,
            token_hash=hash_token(token),
            created_at=now,
            expires_at=now + TOKEN_DURATION,
        )
    )
    record("account.token_issued", object_type="user", object_id=user.id, actor_id=None, at=now)
    return token


def _display_name(proven: ProvenIdentity) -> str:
    return f"{proven.given_name} {proven.usual_name or proven.family_name}".strip()[:300]

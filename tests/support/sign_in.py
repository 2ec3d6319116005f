"""Signing people in for tests: by session cookie on pages, by token in the API."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask.testing import FlaskClient

from salle.accounts.models import ApiToken, UserSession
from salle.db import db
from salle.kernel.clock import utcnow
from salle.kernel.ids import hash_token, new_token


def sign_in(client: FlaskClient, user_id: uuid.UUID) -> FlaskClient:
    """Give the client a live session of that person."""
    token, now = new_token(), utcnow()
    db.session.add(
        UserSession(
            user_id=user_id,
            token_hash=hash_token(token),
            created_at=now,
            expires_at=now + timedelta(hours=1),
        )
    )
    db.session.flush()
    with client.session_transaction() as session:
        session["_user_id"] = token
        session["_fresh"] = True
    return client


def bearer(user_id: uuid.UUID) -> dict[str, str]:
    """Headers with a live API token of that person."""
    token, now = new_token(), utcnow()
    db.session.add(
        ApiToken(
            user_id=user_id,
            token_hash=hash_token(token),
            created_at=now,
            expires_at=now + timedelta(hours=1),
        )
    )
    db.session.flush()
    return {"Authorization": f"Bearer {token}"}

"""Fixtures for every test: the database server, the application, a session rolled back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from flask import Flask, g, has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config import SIMULATION_ISSUER, Config
from salle import create_app, postgres
from salle.db import db
from tests.support.database import create_database, drop_database, rolled_back_session

DATABASE_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


def test_config(database_url: str | None, data_dir: Path) -> Config:
    """Settings of a test application: fixed secrets, nothing outside this machine."""
    return Config.from_env(
        {
            "SALLE_ENV": "test",
            "SALLE_DATA_DIR": str(data_dir),
            "DATABASE_URL": database_url or "",
            "SECRET_KEY": "tests-only-" + "0" * 32,
            "SALLE_CODES_KEY": CODES_KEY,
            "OIDC_ISSUER": SIMULATION_ISSUER,
            "OIDC_DISCOVERY_URL": "http://127.0.0.1:9/identite/.well-known/openid-configuration",
            "OIDC_CLIENT_ID": "la-salle-sur-demande",
            "OIDC_CLIENT_SECRET": "tests-only",
            "STRIPE_API_BASE": "http://127.0.0.1:9/stripe",
            "STRIPE_SECRET_KEY": "sk_test_tests_only",
            "STRIPE_WEBHOOK_SECRET": "whsec_tests_only",
        }
    )


test_config.__test__ = False  # type: ignore[attr-defined]
CODES_KEY = Fernet.generate_key().decode()


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server: DATABASE_URL's when set, else a throw-away embedded one."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield test_config(given, tmp_path_factory.getbasetemp()).database_url or given
        return
    shared = _shared_folder(tmp_path_factory)
    yield postgres.ensure(shared / "postgres", settings=DATABASE_SETTINGS)


def _shared_folder(factory: pytest.TempPathFactory) -> Path:
    """One folder for all the workers of a run (pytest-xdist gives each its own below it)."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def template_url(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database migrated once for all workers; never connect to it (it is copied)."""
    shared = _shared_folder(tmp_path_factory)
    with (shared / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = shared / "template.url"
        if known.exists():
            return known.read_text()
        url = create_database(server_url)
        app = create_app(test_config(url, shared))
        with app.app_context():
            from flask_migrate import upgrade

            upgrade()
            db.session.remove()
            db.engine.dispose()
        known.write_text(url)
        return url


@pytest.fixture(scope="session")
def app(
    server_url: str, template_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The application on this worker's own copy of the migrated database."""
    url = create_database(server_url, template=str(sa.make_url(template_url).database))
    application = create_app(test_config(url, tmp_path_factory.mktemp("data")))
    application.config["TESTING"] = True
    yield application
    with application.app_context():
        db.engine.dispose()
    drop_database(url)


@pytest.fixture
def session(app: Flask) -> Iterator[None]:
    """`db.session`, in an application context, rolled back at the end."""
    with rolled_back_session(app):
        yield


class CleanClient(FlaskClient):
    """A client whose requests share the tests' application context but nothing of its `g`."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if has_app_context():
            vars(g._get_current_object()).clear()
        return super().open(*args, **kwargs)


@pytest.fixture
def client(app: Flask, session: None) -> FlaskClient:
    """An anonymous browser, in the rolled-back session."""
    return CleanClient(app, app.response_class)


@pytest.fixture
def fresh_database(server_url: str, template_url: str) -> Iterator[str]:
    """The URL of an own migrated database, for tests that really commit."""
    url = create_database(server_url, template=str(sa.make_url(template_url).database))
    yield url
    drop_database(url)


@pytest.fixture
def fresh_app(fresh_database: str, tmp_path: Path) -> Iterator[Flask]:
    """An application on its own database, for tests that really commit or use threads."""
    config = replace(test_config(fresh_database, tmp_path), port=8000)
    application = create_app(config)
    application.config["TESTING"] = True
    yield application
    with application.app_context():
        db.session.remove()
        db.engine.dispose()

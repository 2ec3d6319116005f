"""Opening the application outside a web server: settings, database, application.

Without SALLE_ENV nor SECRET_KEY this is a local demonstration: every secret is made up once
and kept, readable by its owner only, in the data folder.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cryptography.fernet import Fernet
from flask import Flask

from config import ROOT, SIMULATION_ISSUER, Config
from salle import postgres

SECRETS_FILE = "secrets.json"


def is_local(environ: Mapping[str, str]) -> bool:
    """Whether this process is (beside) the demonstration."""
    return environ.get("SALLE_ENV", "" if "SECRET_KEY" in environ else "demo") == "demo"


def demo_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment completed with the demonstration's own settings; given ones win."""
    port = environ.get("PORT") or "8000"
    beside = int(port) + 1 if port.isascii() and port.isdigit() else 0  # Config refuses others
    data_dir = Path(environ.get("SALLE_DATA_DIR") or ROOT / "var").absolute()
    simulators = f"http://127.0.0.1:{environ.get('SIMULATORS_PORT') or beside}"
    defaults = {
        "SALLE_ENV": "demo",
        "PORT": port,
        "SALLE_DATA_DIR": str(data_dir),
        "OIDC_ISSUER": SIMULATION_ISSUER,
        "OIDC_DISCOVERY_URL": f"{simulators}/identite/.well-known/openid-configuration",
        "OIDC_CLIENT_ID": "la-salle-sur-demande",
        "STRIPE_API_BASE": f"{simulators}/stripe",
        "CSP_FORM_ACTIONS": simulators,
        "GEOCODING_URL": f"{simulators}/geocodage",
        **_secrets(data_dir),
    }
    return {**environ, **{k: v for k, v in defaults.items() if not environ.get(k)}}


def _secrets(data_dir: Path) -> dict[str, str]:
    path = data_dir / SECRETS_FILE
    try:
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        data_dir.mkdir(parents=True, exist_ok=True)
        kept = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SALLE_CODES_KEY": Fernet.generate_key().decode(),
            "OIDC_CLIENT_SECRET": secrets.token_urlsafe(32),
            "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(16)}",
            "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        }
        # Written whole under another name, then linked: two first runs agree on one file.
        draft = path.with_name(f"{SECRETS_FILE}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(kept), encoding="utf-8")
        try:
            os.link(draft, path)
        except FileExistsError:
            kept = json.loads(path.read_text(encoding="utf-8"))
        draft.unlink()
    return kept


def load_config() -> Config:
    """The settings of this process, with its database started when it is the embedded one."""
    environ = os.environ
    if is_local(environ):
        os.environ.update(demo_environment(environ))
    config = Config.from_env()
    if config.database_url is None:
        config = replace(config, database_url=postgres.ensure(config.data_dir / "postgres"))
    return config


@contextmanager
def open_app() -> Iterator[Flask]:
    """The application of this process; its connections are closed on the way out."""
    from salle import create_app
    from salle.db import db

    app = create_app(load_config())
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()

"""Settings of one installation, read once from the environment; no Flask here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SIMULATION_ISSUER = "https://identite.simulation.invalid"
GEOPLATEFORME = "https://data.geopf.fr/geocodage"
ENVIRONMENTS = ("production", "demo", "test")


class ConfigError(Exception):
    """The environment cannot start the service; the message lists every problem at once."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that changes from one installation to another.

    `database_url` unset means the embedded PostgreSQL of `data_dir`; the caller that starts
    it puts its address back here with `dataclasses.replace`.
    """

    environment: str
    data_dir: Path
    port: int
    database_url: str | None
    secret_key: str
    codes_key: str
    public_url: str
    oidc_issuer: str
    oidc_discovery_url: str
    oidc_client_id: str
    oidc_client_secret: str
    oidc_acr: str
    stripe_api_base: str | None
    stripe_secret_key: str
    stripe_webhook_secret: str
    smtp_url: str | None
    mail_from: str
    csp_form_actions: tuple[str, ...]
    geocoding_url: str | None

    @property
    def is_demo(self) -> bool:
        return self.environment == "demo"

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Read the environment; raises ConfigError naming every missing or unsafe variable."""
        env = os.environ if environ is None else environ
        environment = env.get("SALLE_ENV", "production")
        problems: list[str] = []
        if environment not in ENVIRONMENTS:
            problems.append(f"SALLE_ENV : {environment!r} n’est pas dans {', '.join(ENVIRONMENTS)}")
        port = _port(env.get("PORT", "8000"), problems)

        def need(name: str) -> str:
            value = env.get(name, "")
            if not value:
                problems.append(f"{name} : à renseigner")
            return value

        config = cls(
            environment=environment,
            data_dir=Path(env.get("SALLE_DATA_DIR") or ROOT / "var").absolute(),
            port=port,
            database_url=_psycopg(env.get("DATABASE_URL") or None),
            secret_key=need("SECRET_KEY"),
            codes_key=need("SALLE_CODES_KEY"),
            public_url=(env.get("PUBLIC_URL") or f"http://127.0.0.1:{port}").rstrip("/"),
            oidc_issuer=need("OIDC_ISSUER"),
            oidc_discovery_url=need("OIDC_DISCOVERY_URL"),
            oidc_client_id=need("OIDC_CLIENT_ID"),
            oidc_client_secret=need("OIDC_CLIENT_SECRET"),
            oidc_acr=env.get("OIDC_ACR", "eidas1"),
            stripe_api_base=env.get("STRIPE_API_BASE") or None,
            stripe_secret_key=need("STRIPE_SECRET_KEY"),
            stripe_webhook_secret=need("STRIPE_WEBHOOK_SECRET"),
            smtp_url=env.get("SMTP_URL") or None,
            mail_from=env.get("MAIL_FROM", "La salle sur demande <bonjour@demo.example>"),
            csp_form_actions=tuple(env.get("CSP_FORM_ACTIONS", "").split()),
            geocoding_url=_geocoding(env.get("GEOCODING_URL", ""), environment),
        )
        if config.database_url is not None and not _is_postgresql(config.database_url):
            problems.append("DATABASE_URL : une adresse postgresql:// est attendue")
        if environment == "production":
            problems += _unsafe(config)
        if problems:
            raise ConfigError("Configuration incomplète :\n- " + "\n- ".join(problems))
        return config

    def as_flask(self) -> dict[str, object]:
        """The same settings under Flask's upper-case names."""
        return {field.name.upper(): getattr(self, field.name) for field in fields(self)}


def _port(text: str, problems: list[str]) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    problems.append(f"PORT : {text!r} n’est pas un numéro de port")
    return 0


def _geocoding(url: str, environment: str) -> str | None:
    """The national service in production, none elsewhere, unless told otherwise."""
    if url == "off":
        return None
    return url or (GEOPLATEFORME if environment == "production" else None)


def _psycopg(url: str | None) -> str | None:
    """Accept the usual postgres:// forms; the driver is always psycopg 3."""
    if url is None:
        return None
    scheme, separator, rest = url.partition("://")
    if separator and scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg://{rest}"
    return url


def _is_postgresql(url: str) -> bool:
    return url.startswith("postgresql+psycopg://") and len(url) > len("postgresql+psycopg://")


def _unsafe(config: Config) -> list[str]:
    problems = []
    if len(config.secret_key) < 32:
        problems.append("SECRET_KEY : au moins 32 caractères")
    if not config.public_url.startswith("https://"):
        problems.append("PUBLIC_URL : une adresse https:// est exigée en production")
    if config.oidc_issuer == SIMULATION_ISSUER:
        problems.append("OIDC_ISSUER : le fournisseur simulé ne sert que la démonstration")
    if config.stripe_api_base is not None:
        problems.append("STRIPE_API_BASE : à laisser vide en production (le vrai Stripe)")
    if config.database_url is None:
        problems.append("DATABASE_URL : à renseigner en production")
    return problems

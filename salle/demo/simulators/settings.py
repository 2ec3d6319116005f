"""What the simulators need to know, read from the environment of their process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config import ROOT, SIMULATION_ISSUER


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`public_url` overrides the request's own host; `redirect_uris` adds to the loopback rule."""

    port: int
    folder: Path
    issuer: str
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    public_url: str | None
    stripe_secret_key: str
    stripe_webhook_secret: str
    stripe_webhook_url: str | None
    parent_pid: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        env = os.environ if environ is None else environ
        return cls(
            port=int(env.get("SIMULATORS_PORT", "8001")),
            folder=Path(env.get("SALLE_DATA_DIR") or ROOT / "var").absolute() / "simulators",
            issuer=env.get("OIDC_ISSUER", SIMULATION_ISSUER),
            client_id=env["OIDC_CLIENT_ID"],
            client_secret=env["OIDC_CLIENT_SECRET"],
            redirect_uris=tuple(env.get("SIMULATORS_REDIRECT_URIS", "").split()),
            public_url=(env.get("SIMULATORS_PUBLIC_URL") or "").rstrip("/") or None,
            stripe_secret_key=env["STRIPE_SECRET_KEY"],
            stripe_webhook_secret=env["STRIPE_WEBHOOK_SECRET"],
            stripe_webhook_url=env.get("STRIPE_WEBHOOK_URL") or None,
            parent_pid=int(env.get("SIMULATORS_PARENT_PID") or os.getppid()),
        )

"""Starts the simulators as the demonstration does: a process of their own, killed without mercy."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

from config import ROOT, SIMULATION_ISSUER

SECRET_KEY = "sk_test_simulators"
WEBHOOK_SECRET = "whsec_simulators"
CLIENT_ID, CLIENT_SECRET = "la-salle-sur-demande", "client-secret-of-tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Simulators:
    """One folder and one port, kept from one start to the next."""

    def __init__(self, data_dir: Path, *, webhook_url: str = "") -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.webhook_url = webhook_url
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stripe_base(self) -> str:
        return f"{self.base}/stripe"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SALLE_DATA_DIR": str(self.data_dir),
            "SIMULATORS_PORT": str(self.port),
            "SIMULATORS_PARENT_PID": str(os.getpid()),
            "OIDC_ISSUER": SIMULATION_ISSUER,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_WEBHOOK_URL": self.webhook_url,
        }

    def start(self) -> None:
        command = [sys.executable, "-m", "salle.demo.simulators"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment())
        deadline = time.monotonic() + 20
        while True:
            try:
                requests.get(f"{self.base}/healthz", timeout=1).raise_for_status()
            except requests.RequestException:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process and give its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(timeout=5)
        self.process = None
        return code

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

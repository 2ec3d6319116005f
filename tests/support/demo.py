"""Runs `salle demo` as a person does: a process of its own, a folder, two ports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from config import ROOT
from tests.support.simulators import free_port

READY_SECONDS = 90
# Settings of the machine that would change what the demonstration does.
OWN = ("PORT", "SIMULATORS_PORT", "SALLE_", "SECRET_KEY", "DATABASE_URL", "OIDC_", "STRIPE_")


class Demo:
    """One data folder and one pair of ports, kept from one start to the next."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.simulators_port = free_port()
        self.output = data_dir.parent / f"{data_dir.name}.out"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OWN)}
        return {
            **kept,
            "PORT": str(self.port),
            "SIMULATORS_PORT": str(self.simulators_port),
            "SALLE_DATA_DIR": str(self.data_dir),
        }

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it without waiting; what it says goes to `output`."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "salle", "demo"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def start(self) -> float:
        """Start it and wait until it is ready; returns how long that took."""
        began = time.monotonic()
        process = self.launch()
        while not self.is_ready():
            took = time.monotonic() - began
            if process.poll() is not None or took > READY_SECONDS:
                raise AssertionError(f"not ready after {took:.0f} s:\n{self.said()}{self.logs()}")
            time.sleep(0.05)
        return time.monotonic() - began

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.base}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM, *, within: float = 15) -> int:
        """Ask it to end and give its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(timeout=within)
        self.process = None
        return code

    def kill(self, *, group: bool = True) -> None:
        """SIGKILL, to its whole process group as a terminal's end would, or to it alone."""
        assert self.process is not None
        if group:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait()
        self.process = None

    def close(self) -> None:
        """Whatever happened, leave nothing."""
        if self.process is not None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        self.wait_gone(seconds=10)

    def run(self, *arguments: str) -> str:
        """A `salle` command beside the running demonstration; its standard output."""
        return subprocess.run(
            [sys.executable, "-m", "salle", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def token(self, email: str) -> str:
        return self.run("token", email).strip()

    def processes(self) -> dict[int, str]:
        """Every living process of this demonstration: by its environment, or by its folder."""
        mark = f"SALLE_DATA_DIR={self.data_dir}".encode()
        folder = os.fsencode(self.data_dir)
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environ = (entry / "environ").read_bytes().split(b"\0")
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if command and (mark in environ or folder in command):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found

    def wait_gone(self, *, seconds: float) -> dict[int, str]:
        """Wait for the processes to end; returns those that are left."""
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def logs(self) -> str:
        parts = sorted((self.data_dir / "logs").glob("*.log"))
        return "".join(f"--- {path.name}\n{path.read_text()[-3000:]}\n" for path in parts)

"""Child processes of the demonstration: started, watched, restarted, never left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from config import ROOT

PR_SET_PDEATHSIG = 1
MOST_RESTARTS = 8
RESTART_WINDOW = 60.0
LAST_LINES = 15
MOST_LOG_BYTES = 2_000_000

_libc = ctypes.CDLL(None)


def die_with_parent(parent: int, how: signal.Signals) -> None:
    """Have the kernel signal this process when the parent ends, even by SIGKILL."""
    _libc.prctl(PR_SET_PDEATHSIG, int(how))
    if os.getppid() != parent:  # it ended in between
        os.kill(os.getpid(), how)


@dataclass(kw_only=True)
class Child:
    """One child process, in a group of its own: Ctrl-C in a terminal reaches its parent only."""

    name: str
    label: str
    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    patience: float = 5.0
    orphaned: signal.Signals = signal.SIGTERM  # what it gets when we are killed
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=deque)

    def start(self) -> None:
        """Start it; its output goes to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > MOST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                # Only the main thread runs here, so code between fork and exec is safe.
                preexec_fn=partial(die_with_parent, os.getpid(), self.orphaned),
            )

    def has_ended(self) -> bool:
        """Tell whether it was started and has ended."""
        return self.process is not None and self.process.poll() is not None

    def may_restart(self) -> bool:
        """Count one more death; tell whether there were few enough lately to try again."""
        now = time.monotonic()
        self.deaths.append(now)
        while self.deaths[0] < now - RESTART_WINDOW:
            self.deaths.popleft()
        return len(self.deaths) <= MOST_RESTARTS

    def stop(self) -> None:
        """Ask it to end, then kill whatever is left of its group."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(self.patience)
        self.kill()

    def kill(self) -> None:
        """Kill its whole group at once (gunicorn's workers too)."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def last_lines(self) -> list[str]:
        """The end of its log."""
        try:
            text = self.log.read_bytes()[-20_000:].decode(errors="replace")
        except FileNotFoundError:
            return []
        return text.splitlines()[-LAST_LINES:]

"""Ctrl-C, SIGTERM and the end of the terminal, turned into one exception at a safe moment."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked the demonstration to stop."""


class Stopping:
    """Raises Stopped when asked to stop, but never in the middle of `held()`."""

    def __init__(self) -> None:
        self.asked = False
        self._holds = 0

    def listen(self) -> None:
        """Take over the signals."""
        for number in SIGNALS:
            signal.signal(number, self._note)

    def ignore(self) -> None:
        """From here on everything is being stopped: one more Ctrl-C changes nothing."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Finish this first: a process half started would be left behind."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        if self.asked:
            raise Stopped

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True
        if not self._holds:
            raise Stopped

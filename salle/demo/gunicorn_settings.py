"""What gunicorn is told that its command line cannot say."""

from __future__ import annotations

import signal

from salle.demo.children import die_with_parent


def post_fork(server: object, worker: object) -> None:
    """A worker ends with gunicorn's master, even killed: no old answer after a restart."""
    pid: int = server.pid  # type: ignore[attr-defined]  # gunicorn has no types
    die_with_parent(pid, signal.SIGKILL)

"""The job queue: a thin face of procrastinate, on the same PostgreSQL as everything else.

A job is written in the transaction that causes it, so it exists exactly when that transaction
commits. It holds ids only. It may run more than once (a killed worker, a retry): handlers are
idempotent.
"""

from salle.jobs.queue import enqueue
from salle.jobs.registry import handler, known_kinds

__all__ = ["enqueue", "handler", "known_kinds"]

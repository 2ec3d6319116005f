"""Which function does which kind of job, and what runs by the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Handler = Callable[..., None]
Function = TypeVar("Function", bound=Handler)

HANDLERS: dict[str, Handler] = {}


@dataclass(frozen=True, kw_only=True)
class Periodic:
    """A kind of job without arguments that the worker queues by the clock (cron syntax)."""

    kind: str
    cron: str


# What these sweep is also done at its time by a job of its own: they catch what got lost.
PERIODIC = (
    Periodic(kind="bookings.expire_due", cron="* * * * *"),
    Periodic(kind="mail.send_waiting", cron="* * * * *"),
    Periodic(kind="venues.extend_windows", cron="17 2 * * *"),
    Periodic(kind="venues.extend_timetables", cron="47 2 * * *"),
    Periodic(kind="venues.refresh_timetables", cron="*/10 * * * *"),
)


def handler(kind: str) -> Callable[[Function], Function]:
    """Declare the function that does the jobs of this kind.

    It gets the ids of enqueue() as keyword arguments, UUIDs as text, inside an application
    context and outside any transaction. It is idempotent: it may run again at any moment.
    """

    def declare(function: Function) -> Function:
        known = HANDLERS.setdefault(kind, function)
        if known is not function:
            raise ValueError(f"two handlers for {kind}")
        return function

    return declare


def get_handler(kind: str) -> Handler:
    """The function that does this kind; LookupError when none is declared."""
    return HANDLERS[kind]


def known_kinds() -> frozenset[str]:
    """The kinds declared by the modules imported so far."""
    return frozenset(HANDLERS)


def run(kind: str, arguments: dict[str, Any]) -> None:
    """Do one job now, in this application context."""
    get_handler(kind)(**arguments)

"""Which addresses of the network may be read from: public ones only (no request forgery)."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable

Resolver = Callable[[str, int], list[str]]

# Parts of « global » space that lead elsewhere: old relays to IPv4, a cloud's own agent.
_TRAPS = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24",
            "198.18.0.0/15", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        ),
    )
)  # fmt: skip
_IPV6_IN_USE = ipaddress.ip_network("2000::/3")


def is_public(address: str) -> bool:
    """Whether this address (in its usual writing) is one of the public internet."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    if known.version == 6 and (known not in _IPV6_IN_USE or "%" in address):
        return False  # also ::1, fc00::/7, fe80::/10, ::ffff:0:0/96, 64:ff9b::/96
    if known.is_multicast or known.is_reserved or not known.is_global:
        return False
    return not any(known.version == trap.version and known in trap for trap in _TRAPS)


def is_odd_number(host: str) -> bool:
    """« 2130706433 », « 0x7f.1 », « 0177.0.0.1 »: numbers that some programs take as addresses."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    if ":" in host or not (last.isdigit() or last.startswith("0x")):
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False


def resolve(host: str, port: int) -> list[str]:
    """The addresses of this name, as the system knows them; OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_within(resolver: Resolver, host: str, port: int, seconds: float) -> list[str]:
    """The same in a bounded time: the system's own resolver cannot be interrupted."""
    answers: queue.Queue[list[str] | OSError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise TimeoutError(host) from None
    if isinstance(answer, OSError):
        raise answer
    return answer

"""The two ports of the demonstration: the service's and the simulators'."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping

from config import ConfigError

HOST = "127.0.0.1"
HIGHEST = 65535
NEIGHBOURS = 20


def choose_ports(environ: Mapping[str, str], *, wait: float = 0) -> tuple[int, int]:
    """The service's port (PORT) and the simulators' (SIMULATORS_PORT, else the next free one).

    Waits `wait` seconds for ports that processes of an interrupted run may still hold.
    Raises ConfigError, with the remedy, when they cannot be had.
    """
    port = _read(environ, "PORT") or 8000
    given = _read(environ, "SIMULATORS_PORT")
    if given == port:
        raise ConfigError(f"SIMULATORS_PORT : le port {port} est déjà celui du service.")
    wanted = [given] if given else _neighbours(port)
    deadline = time.monotonic() + wait
    while not (is_free(port) and is_free(wanted[0])) and time.monotonic() < deadline:
        time.sleep(0.1)
    if not is_free(port):
        other = port + 10 if port + 10 < HIGHEST else port - 10
        raise ConfigError(
            f"Le port {port} est déjà utilisé par un autre programme. "
            f"Essayez : PORT={other} make demo"
        )
    free = next((candidate for candidate in wanted if is_free(candidate)), None)
    if free is None:
        raise ConfigError(
            f"Le port {wanted[0]} (simulateurs) est déjà utilisé par un autre programme. "
            f"Choisissez-en un autre avec SIMULATORS_PORT=…"
        )
    return port, free


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise ConfigError(f"Le port {port} est réservé : choisissez-en un autre.") from error
        except OSError:
            return False
        return True


def _neighbours(port: int) -> list[int]:
    above = range(port + 1, min(port + NEIGHBOURS, HIGHEST) + 1)
    return [*above, *range(port - 1, port - NEIGHBOURS, -1)][:NEIGHBOURS]


def _read(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name) or ""
    if not text:
        return None
    if text.isascii() and text.isdigit() and 0 < int(text) <= HIGHEST:
        return int(text)
    raise ConfigError(f"{name} : « {text} » n’est pas un numéro de port.")

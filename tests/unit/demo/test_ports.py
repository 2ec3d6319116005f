"""Which ports the demonstration takes, and what it says when it cannot."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from config import ConfigError
from salle.demo.ports import choose_ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_the_simulators_take_the_next_free_port() -> None:
    port = free()
    chosen, simulators = choose_ports({"PORT": str(port)})
    assert chosen == port
    assert simulators != port
    assert abs(simulators - port) <= 20


def test_a_neighbour_in_use_is_stepped_over(taken: int) -> None:
    _, simulators = choose_ports({"PORT": str(taken - 1)})
    assert simulators != taken


def test_a_given_port_is_kept() -> None:
    port, other = free(), free()
    assert choose_ports({"PORT": str(port), "SIMULATORS_PORT": str(other)}) == (port, other)


def test_a_port_in_use_is_named_with_the_remedy(taken: int) -> None:
    with pytest.raises(ConfigError, match=rf"Le port {taken} .*PORT=\d+ make demo"):
        choose_ports({"PORT": str(taken)})


def test_given_simulators_port_in_use_is_named(taken: int) -> None:
    with pytest.raises(ConfigError, match="SIMULATORS_PORT"):
        choose_ports({"PORT": str(free()), "SIMULATORS_PORT": str(taken)})


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "8000.5", "²"])
def test_what_is_not_a_port_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="n’est pas un numéro de port"):
        choose_ports({"PORT": text})


def test_one_port_cannot_serve_both() -> None:
    port = free()
    with pytest.raises(ConfigError, match="déjà celui du service"):
        choose_ports({"PORT": str(port), "SIMULATORS_PORT": str(port)})

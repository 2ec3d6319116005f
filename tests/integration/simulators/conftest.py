"""The simulators as a process, a receiver of webhooks, and the gateway that talks to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from salle.adapters.stripe_gateway import StripeGateway, VerifiedEvent
from tests.support.simulators import SECRET_KEY, WEBHOOK_SECRET, Simulators, free_port


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    """One process for all tests that do not break it; no webhook is sent."""
    running = Simulators(tmp_path_factory.mktemp("simulateurs communs"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def gateway(simulators: Simulators) -> StripeGateway:
    return gateway_to(simulators)


def gateway_to(simulators: Simulators) -> StripeGateway:
    return StripeGateway(
        secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, api_base=simulators.stripe_base
    )


@dataclass
class Receiver:
    """A service that receives webhooks, and may be closed or broken."""

    port: int
    status: int = 200
    received: list[tuple[bytes, str]] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stripe/webhook"

    def open(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((body, self.headers["Stripe-Signature"]))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def events(self, gateway: StripeGateway) -> list[VerifiedEvent]:
        return [gateway.verify_event(body, signature) for body, signature in self.received]

    def wait_for(self, count: int, *, seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} webhooks"
            time.sleep(0.02)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    listening = Receiver(free_port())
    listening.open()
    yield listening
    listening.close()


@pytest.fixture
def own_simulators(tmp_path: Path, receiver: Receiver) -> Iterator[Simulators]:
    """A process of this test alone, that it may kill."""
    running = Simulators(tmp_path / "données", webhook_url=receiver.url)
    running.start()
    yield running
    running.stop()

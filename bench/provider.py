"""A payment provider that answers at once: what it costs is not the service's.

It runs in the bench's own process, so that its clock is the bench's: when it is asked, the hold
is committed.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs

PATH = "/stripe/v1/checkout/sessions"
LIFE_SECONDS = 1860


class Provider:
    """Opens checkout sessions; knows how many, and when it was last asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.arrived_at = 0.0
        self.amount_cents = 0
        self.numbers = itertools.count(1)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> Provider:
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stripe"

    def open_session(self, form: bytes) -> bytes:
        """A new session, as the provider writes it."""
        given = parse_qs(form.decode())
        self.amount_cents = int(given["line_items[0][price_data][unit_amount]"][0])
        self.asked += 1
        number = next(self.numbers)
        session = {
            "id": f"cs_test_bench{number}",
            "object": "checkout.session",
            "url": f"{self.url}/pay/{number}",
            "expires_at": int(time.time()) + LIFE_SECONDS,
            "status": "open",
            "payment_status": "unpaid",
        }
        return json.dumps(session).encode()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body leave together

        def do_POST(self) -> None:
            provider.arrived_at = time.perf_counter()
            form = self.rfile.read(int(self.headers["Content-Length"]))
            known = self.path == PATH
            body = provider.open_session(form) if known else b"{}"
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    return Handler

"""A small SMTP server: keeps what it gets, can refuse, can hang."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """What was delivered. `answers` = (command, reply) said instead of « 250 OK »."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: Mailbox = self.server.mailbox  # type: ignore[attr-defined]
        self._say("220 tests ESMTP")
        while line := self.rfile.readline():
            command = line.split()[0].decode().upper() if line.split() else ""
            if command == "DATA" and command not in box.answers:
                box.reached.set()
                box.go_on.wait(60)
                self._say("354 go")
                content = b"".join(iter(self.rfile.readline, b".\r\n"))
                box.messages.append(content)
            if command == "QUIT":
                self._say("221 bye")
                return
            self._say(box.answers.get(command, "250 OK"))

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is what some tests want."""


@contextmanager
def smtp_server(*, hang: bool = False) -> Iterator[Mailbox]:
    """A server on this machine; with `hang` it stops before taking a message, until `go_on`."""
    box = Mailbox()
    if not hang:
        box.go_on.set()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.mailbox = box  # type: ignore[attr-defined]
        server.block_on_close = False
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield box
        finally:
            box.go_on.set()
            server.shutdown()
            thread.join()

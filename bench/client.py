"""The smallest keep-alive HTTP client: what it costs is not the service's."""

from __future__ import annotations

import json
import socket
from types import TracebackType
from typing import Any


class Client:
    """One connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: str = "",
        content_type: str = "application/json",
    ) -> tuple[int, bytes]:
        """(status, body) of the answer."""
        self.socket.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
            f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, content = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        length = int(fields["content-length"])
        while len(content) < length:
            content += self._more()
        return int(lines[0].split()[1]), content

    def _more(self) -> bytes:
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the service closed the connection")
        return data

    def get(self, path: str) -> tuple[int, bytes]:
        return self.send("GET", path)

    def post(self, path: str, document: dict[str, Any], token: str) -> tuple[int, bytes]:
        body = json.dumps(document).encode()
        return self.send("POST", path, body=body, headers=f"Authorization: Bearer {token}\r\n")

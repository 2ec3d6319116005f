"""Small servers of this machine that answer anything, for tests of what we read from outside."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[socket.socket, bytes], None]


@dataclass
class Server:
    """Where it listens, and the requests that it got."""

    port: int
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def serve(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Call `answer(link, request)` for each connection, until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(port=listener.getsockname()[1])

    def one(link: socket.socket) -> None:
        with suppress(OSError):
            if context is not None:
                link = context.wrap_socket(link, server_side=True)
            request = link.recv(65_536)
            server.requests.append(request)
            answer(link, request)
        link.close()

    def loop() -> None:
        with suppress(OSError):
            while True:
                link, _ = listener.accept()
                threading.Thread(target=one, args=[link], daemon=True).start()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    yield server
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def reply(
    body: bytes = b"", *, status: str = "200 OK", length: bool = True, **headers: str
) -> Answer:
    """One whole answer; `Content_Type="text/html"` becomes a header."""
    known = {"Content_Type": "text/calendar; charset=utf-8"}
    if length:
        known["Content_Length"] = str(len(body))
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in (known | headers).items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()
    return lambda link, _request: link.sendall(head + body)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(the server's context, that of a client which trusts it) for this host name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "essai")])
    made = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(made - timedelta(hours=1))
        .not_valid_after(made + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificat.pem"
    pem.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=pem.read_text().split("-----BEGIN PRIVATE")[0])

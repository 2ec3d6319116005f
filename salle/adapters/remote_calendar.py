"""Reading a calendar at an address that somebody typed: public addresses only, all bounded.

A name is resolved once, each of its addresses must be public, and the connection is made to one
of those very addresses, TLS checking the name all the same: a second answer of the DNS changes
nothing. Every redirect goes through the same. No setting of the environment (proxies) is read.
No library does all of this; the protocol itself is the standard library's.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from salle.adapters.ical_guard import MAX_BYTES
from salle.adapters.public_address import (
    Resolver,
    is_odd_number,
    is_public,
    resolve,
    resolve_within,
)
from salle.kernel.errors import Invalid

TOTAL_SECONDS = 10.0
MAX_REDIRECTS = 3
MAX_ADDRESS = 2000
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PORTS = {"https": 443, "http": 80}
TYPES = frozenset(
    {
        "", "text/calendar", "text/plain", "text/x-vcalendar", "application/calendar",
        "application/ics", "application/octet-stream", "application/x-ics",
    }
)  # fmt: skip
_SAFE = "/%:@!$&'()*+,;=~-._?"

Connect = Callable[[str, int, float], socket.socket]


class NotFetched(Invalid):
    """The address cannot be read, or must not be: the sentence says why."""

    code = "calendar_not_fetched"
    message = "Cette adresse ne peut pas être lue."


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the address gave; `content` is None when nothing has changed since (304)."""

    content: bytes | None
    etag: str | None
    last_modified: str | None


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to that very address."""
    return socket.create_connection((address, port), timeout=seconds)


def clean_address(text: str, *, schemes: frozenset[str] = frozenset({"https"})) -> str:
    """The address as it will be asked: webcal is https. NotFetched says what is wrong with it."""
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in {"webcal", "webcals"}:
        text = f"https://{rest}"
    _checked(text, schemes)
    return text


@dataclass(frozen=True, kw_only=True)
class Fetcher:
    """Reads calendars; tests put their own resolver and connections in."""

    resolver: Resolver = resolve
    connect: Connect = connect
    schemes: frozenset[str] = frozenset({"https"})
    seconds: float = TOTAL_SECONDS
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def fetch(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        """The calendar at this address, if it has changed since; NotFetched."""
        deadline = time.monotonic() + self.seconds
        for _ in range(MAX_REDIRECTS + 1):
            target = _checked(url, self.schemes)
            try:
                found = self._ask(target, deadline, etag, last_modified)
                if time.monotonic() >= deadline:  # we cut it: what came is not the whole
                    raise TimeoutError
            except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
                raise _failure(error, deadline, self.seconds) from error
            if isinstance(found, Fetched):
                return found
            url = _joined(url, found)
        raise NotFetched(f"Cette adresse renvoie plus de {MAX_REDIRECTS} fois vers une autre.")

    def _ask(
        self, target: SplitResult, deadline: float, etag: str | None, last_modified: str | None
    ) -> Fetched | str:
        """What one address answers: a calendar, or another address to ask."""
        with self._connection(target, deadline) as connection:
            connection.putrequest("GET", _path(target), skip_host=True, skip_accept_encoding=True)
            headers = {
                "Host": _host(target),
                "Accept": "text/calendar, */*;q=0.1",
                "Accept-Encoding": "gzip",
                "User-Agent": "la-salle-sur-demande",
                "Connection": "close",
                "If-None-Match": etag,
                "If-Modified-Since": last_modified,
            }
            for name, value in headers.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders()
            return _read(connection.getresponse(), asked=bool(etag or last_modified))

    @contextmanager
    def _connection(
        self, target: SplitResult, deadline: float
    ) -> Iterator[http.client.HTTPConnection]:
        host, port = _name(target), PORTS[target.scheme]
        link = self._open(host, port, deadline)
        # A peer that gives a byte now and then never meets a time-out: this ends it.
        cut = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, [link])
        cut.daemon = True
        cut.start()
        try:
            if isinstance(link, ssl.SSLSocket):
                link.do_handshake()
            connection = http.client.HTTPConnection(host, port)
            connection.sock = link
            yield connection
        finally:
            cut.cancel()
            link.close()

    def _open(self, host: str, port: int, deadline: float) -> socket.socket:
        error: OSError = OSError("no address")
        for address in self._addresses(host, port, deadline):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            try:
                link = self.connect(address, port, remaining)
            except OSError as failure:
                error = failure
                continue
            link.settimeout(remaining)
            if port == PORTS["http"]:
                return link
            return self.context.wrap_socket(
                link, server_hostname=host, do_handshake_on_connect=False
            )
        raise error

    def _addresses(self, host: str, port: int, deadline: float) -> list[str]:
        found = resolve_within(self.resolver, host, port, deadline - time.monotonic())
        if not found or not all(is_public(address) for address in found):
            raise NotFetched(
                "Cette adresse mène à un réseau privé ou réservé : elle n’est pas lue. Donnez une "
                "adresse ouverte sur internet."
            )
        return found


def _cut(link: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(link, socket.SHUT_RDWR)


def _checked(url: str, schemes: frozenset[str]) -> SplitResult:
    if len(url) > MAX_ADDRESS or any(ord(letter) < 33 or ord(letter) == 127 for letter in url):
        raise NotFetched("Cette adresse n’est pas valable.")
    try:
        target = urlsplit(url)
        port, host = target.port, target.hostname or ""
        host.encode("idna")
    except (ValueError, UnicodeError) as error:
        raise NotFetched("Cette adresse n’est pas valable.") from error
    if target.scheme not in schemes:
        raise NotFetched("L’adresse doit commencer par https:// (ou webcal://).")
    if not host or is_odd_number(host) or "%" in host:
        raise NotFetched("Cette adresse n’est pas valable.")
    if port not in {None, PORTS[target.scheme]}:
        raise NotFetched("L’adresse ne doit pas indiquer de port particulier.")
    if target.username is not None or target.password is not None:
        raise NotFetched("L’adresse ne doit contenir ni nom ni mot de passe devant « @ ».")
    return target


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise NotFetched("Cette adresse renvoie vers une autre qui n’est pas valable.") from error


def _path(target: SplitResult) -> str:
    path = quote(target.path or "/", safe=_SAFE)
    return f"{path}?{quote(target.query, safe=_SAFE)}" if target.query else path


def _name(target: SplitResult) -> str:
    return (target.hostname or "").encode("idna").decode("ascii")


def _host(target: SplitResult) -> str:
    host = _name(target)
    return f"[{host}]" if ":" in host else host


def _read(response: http.client.HTTPResponse, *, asked: bool) -> Fetched | str:
    status = response.status
    location = response.headers.get("Location")
    if status in REDIRECTS and location:
        return location
    etag, last_modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
    if status == http.client.NOT_MODIFIED and asked:
        return Fetched(None, etag, last_modified)
    if status != http.client.OK:
        raise NotFetched(_refusal(status))
    if response.headers.get_content_type() not in TYPES and response.headers.get("Content-Type"):
        raise NotFetched(
            "Cette adresse ne donne pas un calendrier mais une page. Copiez l’adresse « iCal » "
            "proposée par votre logiciel."
        )
    content = _body(response)
    return Fetched(content, _short(etag), _short(last_modified))


def _refusal(status: int) -> str:
    if status in {401, 403}:
        return "Cette adresse demande un mot de passe, ou a été révoquée."
    if status in {404, 410}:
        return "Cette adresse n’existe pas, ou plus."
    return f"Le serveur de cette adresse répond par une erreur ({status})."


def _short(value: str | None) -> str | None:
    """A validator to send again, unless it is out of proportion."""
    return value if value and len(value) <= 300 and value.isprintable() else None


def _body(response: http.client.HTTPResponse) -> bytes:
    encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise NotFetched("Le serveur de cette adresse répond sous une forme inconnue.")
    expected = response.length  # None when the end of the connection is the end of the file
    content = bytearray()
    while chunk := response.read(65_536):
        content += chunk
        if len(content) > MAX_BYTES:
            raise _too_big()
    if expected is not None and len(content) != expected:
        raise http.client.IncompleteRead(bytes(content))
    return bytes(content) if encoding == "identity" else _unzipped(bytes(content))


def _unzipped(content: bytes) -> bytes:
    reader = zlib.decompressobj(wbits=31)
    plain = reader.decompress(content, MAX_BYTES + 1)
    if len(plain) > MAX_BYTES:
        raise _too_big()
    if not reader.eof:
        raise http.client.IncompleteRead(plain)
    return plain


def _too_big() -> NotFetched:
    return NotFetched(f"Le calendrier de cette adresse dépasse {MAX_BYTES // 1_000_000} Mo.")


def _failure(error: Exception, deadline: float, seconds: float) -> NotFetched:
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        return NotFetched(
            f"Le serveur de cette adresse n’a pas répondu en entier en {seconds:g} secondes."
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotFetched("Le certificat de cette adresse n’est pas valable : elle n’est pas lue.")
    if isinstance(error, socket.gaierror):
        return NotFetched("Le nom de cette adresse n’est pas connu : vérifiez-la.")
    return NotFetched("Le serveur de cette adresse ne répond pas, ou s’est interrompu.")

"""Reading a calendar at an address: nothing private is ever connected to, all is bounded."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

import pytest

from salle.adapters.ical_guard import MAX_BYTES
from salle.adapters.public_address import is_odd_number, is_public
from salle.adapters.remote_calendar import Fetcher, NotFetched, clean_address
from tests.support.servers import Answer, certificate, reply, serve

PUBLIC, OTHER = "93.184.216.34", "8.8.8.8"
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
URL = "http://agenda.example/gymnase.ics"


class Net:
    """A fake internet: names, and which local port stands for each public address."""

    def __init__(self, port: int = 9, *answers: list[str]) -> None:
        self.port = port
        self.answers = chain(answers, repeat([PUBLIC]))
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []

    def resolve(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        try:  # as the system does: a number is its own address
            return [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            return [host] if ":" in host else next(self.answers)

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.connected.append((address, port))
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def fetcher(self, seconds: float = 10) -> Fetcher:
        return Fetcher(
            resolver=self.resolve,
            connect=self.connect,
            schemes=frozenset({"http", "https"}),
            seconds=seconds,
        )


def refused(answer: Answer, *, match: str, seconds: float = 10) -> None:
    with serve(answer) as server, pytest.raises(NotFetched, match=match):
        Net(server.port).fetcher(seconds).fetch(URL)


def test_a_calendar_is_read_with_what_tells_whether_it_changed() -> None:
    answer = reply(CALENDAR, ETag='"v1"', Last_Modified="Mon, 05 Oct 2026 06:00:00 GMT")
    with serve(answer) as server:
        net = Net(server.port)
        found = net.fetcher().fetch(URL)
    assert found.content == CALENDAR
    assert (found.etag, found.last_modified) == ('"v1"', "Mon, 05 Oct 2026 06:00:00 GMT")
    assert net.connected == [(PUBLIC, 80)]
    request = server.requests[0].decode()
    assert request.startswith("GET /gymnase.ics HTTP/1.1\r\n")
    assert "\r\nHost: agenda.example\r\n" in request


def test_what_has_not_changed_is_not_read_again() -> None:
    with serve(reply(status="304 Not Modified")) as server:
        found = Net(server.port).fetcher().fetch(URL, etag='"v1"', last_modified="hier")
    assert found.content is None
    request = server.requests[0].decode()
    assert '\r\nIf-None-Match: "v1"\r\nIf-Modified-Since: hier\r\n' in request


def test_not_modified_is_an_error_when_nothing_was_known() -> None:
    refused(reply(status="304 Not Modified"), match="erreur")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.0.192", "198.18.0.1", "168.63.129.16",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:93.184.216.34]", "[fd00::1]", "[fe80::1]",
        "[ff02::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:53aa::1]", "[2001:db8::1]",
        "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "017700000001", "1.2.3.4.5",
    ],
)  # fmt: skip
def test_no_private_address_is_connected_to_however_it_is_written(host: str) -> None:
    net = Net()
    with pytest.raises(NotFetched, match="privé|valable"):
        net.fetcher().fetch(f"http://{host}/agenda.ics")
    assert net.connected == []


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["10.1.2.3"], ["::1"], [PUBLIC, "127.0.0.1"], ["fd12::1", PUBLIC], []],
)
def test_no_name_that_leads_to_a_private_address_is_connected_to(answers: list[str]) -> None:
    net = Net(9, answers)
    with pytest.raises(NotFetched, match="réseau privé"):
        net.fetcher().fetch(URL)
    assert net.connected == []


def test_a_second_answer_of_the_dns_changes_nothing() -> None:
    """The name is asked once, and the address that was checked is the one connected to."""
    with serve(reply(CALENDAR)) as server:
        net = Net(server.port, [PUBLIC], ["127.0.0.1"])
        net.fetcher().fetch(URL)
    assert (net.asked, net.connected) == (["agenda.example"], [(PUBLIC, 80)])


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/",
        "http://2130706433/", "//10.0.0.1/", "http://0x7f.1/",
    ],
)  # fmt: skip
def test_a_redirect_to_a_private_address_is_not_followed(location: str) -> None:
    with serve(reply(status="302 Found", Location=location)) as server:
        net = Net(server.port)
        with pytest.raises(NotFetched, match="privé|valable"):
            net.fetcher().fetch(URL)
    assert net.connected == [(PUBLIC, 80)]


def test_a_redirect_to_a_name_that_turns_private_is_not_followed() -> None:
    with serve(reply(status="301 Moved", Location="/ailleurs.ics")) as server:
        net = Net(server.port, [PUBLIC], ["192.168.1.20"])
        with pytest.raises(NotFetched, match="réseau privé"):
            net.fetcher().fetch(URL)
    assert len(net.connected) == 1


@pytest.mark.parametrize(
    ("location", "match"),
    [
        ("file:///etc/passwd", "https"),
        ("gopher://agenda.example/", "https"),
        ("http://agenda.example:22/", "port"),
        ("http://moi:secret@agenda.example/", "mot de passe"),
        ("http://[bad/", "valable"),
    ],
)
def test_a_redirect_elsewhere_than_the_web_is_not_followed(location: str, match: str) -> None:
    refused(reply(status="307 Temporary", Location=location), match=match)


def test_three_redirects_are_followed_and_no_more() -> None:
    def answer(times: int) -> Answer:
        def one(link: socket.socket, request: bytes) -> None:
            step = int(request.split(b"/", 1)[1].split(b" ", 1)[0])
            made = (
                reply(CALENDAR)
                if step == times
                else reply(status="308 Permanent", Location=f"/{step + 1}")
            )
            made(link, request)

        return one

    with serve(answer(3)) as server:
        fetched = Net(server.port, [PUBLIC], [OTHER]).fetcher().fetch("http://agenda.example/0")
        assert fetched.content == CALENDAR
    with serve(answer(4)) as server, pytest.raises(NotFetched, match="plus de 3 fois"):
        Net(server.port).fetcher().fetch("http://agenda.example/0")


def drip(head: bytes, pause: float = 0.05) -> Answer:
    def one(link: socket.socket, _request: bytes) -> None:
        link.sendall(head)
        for _ in range(400):
            link.sendall(b"X")
            time.sleep(pause)

    return one


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_byte_now_and_then_is_not_waited_for(head: bytes) -> None:
    before = time.monotonic()
    refused(drip(head), match="pas répondu en entier en 0.5 secondes", seconds=0.5)
    assert time.monotonic() - before < 5


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    refused(lambda _link, _request: time.sleep(3), match="pas répondu", seconds=0.3)


def test_a_name_that_takes_too_long_is_not_waited_for() -> None:
    fetcher = Fetcher(resolver=lambda _host, _port: time.sleep(2) or [PUBLIC], seconds=0.2)
    with pytest.raises(NotFetched, match="pas répondu"):
        fetcher.fetch("https://agenda.example/")


def endless(prefix: bytes, chunk: bytes) -> Answer:
    def one(link: socket.socket, _request: bytes) -> None:
        link.sendall(prefix)
        while True:
            link.sendall(chunk)

    return one


CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536),
        endless(CHUNKED, CHUNK),
        reply(b"x", Content_Length=str(MAX_BYTES + 1), length=False),
        reply(gzip.compress(b"x" * 200_000_000), Content_Encoding="gzip"),
    ],
)
def test_what_is_too_big_is_not_read_to_its_end(answer: Answer) -> None:
    refused(answer, match="5 Mo|interrompu")


def test_headers_without_end_are_refused() -> None:
    refused(endless(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"x" * 60_000 + b"\r\n"), match="interrompu")


@pytest.mark.parametrize(
    "body", [gzip.compress(CALENDAR), gzip.compress(CALENDAR * 1000)], ids=["small", "bigger"]
)
def test_a_compressed_calendar_is_read(body: bytes) -> None:
    with serve(reply(body, Content_Encoding="gzip")) as server:
        found = Net(server.port).fetcher().fetch(URL)
    assert found.content == gzip.decompress(body)


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (reply(b"<html>", Content_Type="text/html"), "une page"),
        (reply(b"x", Content_Type="image/png"), "une page"),
        (reply(b"x", Content_Encoding="br"), "forme inconnue"),
        (reply(CALENDAR, Content_Length="900", length=False), "interrompu"),
        (reply(gzip.compress(CALENDAR)[:-9], Content_Encoding="gzip"), "interrompu"),
        (reply(b"abc", Content_Encoding="gzip"), "interrompu"),
        (reply(status="404 Not Found"), "n’existe pas"),
        (reply(status="403 Forbidden"), "mot de passe"),
        (reply(status="503 Busy"), "erreur \\(503\\)"),
        (reply(status="302 Found"), "erreur \\(302\\)"),
        (lambda link, _request: link.sendall(b"bonjour\r\n"), "interrompu"),
        (lambda link, _request: None, "interrompu"),
    ],
)
def test_what_is_not_a_whole_calendar_is_refused_with_its_reason(
    answer: Answer, match: str
) -> None:
    refused(answer, match=match)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serve(reply(CALENDAR)) as server:
        assert Net(server.port).fetcher().fetch(URL).content == CALENDAR


@pytest.mark.parametrize(("name", "trusted"), [("agenda.example", True), ("autre.example", False)])
def test_the_certificate_is_checked_for_the_name_not_for_the_address(
    tmp_path: Path, name: str, trusted: bool
) -> None:
    context, client = certificate(tmp_path, name)
    names: list[str | None] = []
    context.sni_callback = lambda _link, asked, _context: names.append(asked)
    with serve(reply(CALENDAR), context) as server:
        net = Net(server.port)
        fetcher = Fetcher(resolver=net.resolve, connect=net.connect, context=client)
        if trusted:
            assert fetcher.fetch("https://agenda.example/a.ics").content == CALENDAR
        else:
            with pytest.raises(NotFetched, match="certificat"):
                fetcher.fetch("https://agenda.example/a.ics")
    assert names == ["agenda.example"]
    assert net.connected == [(PUBLIC, 443)]


def test_an_untrusted_certificate_is_refused(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path, "agenda.example")
    with serve(reply(CALENDAR), context) as server, pytest.raises(NotFetched, match="certificat"):
        Net(server.port).fetcher().fetch("https://agenda.example/a.ics")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" https://agenda.example/a.ics?t=1 ", "https://agenda.example/a.ics?t=1"),
        ("webcal://agenda.example/a.ics", "https://agenda.example/a.ics"),
        ("WEBCAL://agenda.example/", "https://agenda.example/"),
        ("https://agenda.example:443/", "https://agenda.example:443/"),
        ("https://élèves.example/été.ics", "https://élèves.example/été.ics"),
    ],
)
def test_a_typed_address_is_cleaned(typed: str, kept: str) -> None:
    assert clean_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "agenda", "http://agenda.example/", "ftp://agenda.example/", "https://", "https:///a",
        "https://a b/", "https://agenda.example:8443/", "https://x@agenda.example/",
        "https://agenda.example/\r\nHost: b", "https://" + "a" * 2001, "https://[::1",
        "https://1.2.3/", "https://agenda..example/",
    ],
)  # fmt: skip
def test_what_is_not_an_address_is_refused(typed: str) -> None:
    with pytest.raises(NotFetched):
        clean_address(typed)


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        (is_public, "93.184.216.34", True),
        (is_public, "2606:2800:220:1::1", True),
        (is_public, "agenda.example", False),
        (is_public, "2001:200::1", True),
        (is_odd_number, "93.184.216.34", False),
        (is_odd_number, "agenda.example", False),
        (is_odd_number, "agenda.0x1", True),
    ],
)
def test_addresses_are_told_apart(
    function: Callable[[str], bool], value: str, expected: bool
) -> None:
    assert function(value) is expected

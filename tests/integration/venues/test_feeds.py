"""Timetables read at an address: the kept version is never lost, and failures are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from salle.adapters.ical import BadCalendar
from salle.adapters.remote_calendar import NotFetched
from salle.audit.models import AuditEvent
from salle.db import db, transaction
from salle.kernel.clock import utcnow
from salle.venues import feeds
from salle.venues.cli import import_timetable
from salle.venues.jobs import refresh_timetables
from salle.venues.models import Room, Timetable
from salle.venues.timetable_models import TimetableFeed, TimetableReading
from tests.factories import NOW, at, make_room
from tests.support.imports import run
from tests.support.jobs import queued_jobs, run_pending_jobs
from tests.support.timetables import (
    URL,
    FakeFetcher,
    calendar,
    fetching,
    in_a_week,
    lessons_of,
    take,
)

LESSON = (at("2027-01-12", 14), at("2027-01-12", 16))
OTHER = (at("2027-01-13", 14), at("2027-01-13", 16))
DOWN = NotFetched("Le serveur de cette adresse ne répond pas, ou s’est interrompu.")
BOMB = calendar(LESSON).replace(b"END:VEVENT", b"RRULE:FREQ=SECONDLY\nEND:VEVENT")
BROKEN = calendar(LESSON, OTHER).replace(b"END:VEVENT", b"RRULE:FREQ=BOGUS\nEND:VEVENT", 1)


@pytest.fixture
def room(session: None) -> Room:
    return make_room(name="Gymnase")


@pytest.fixture
def fetcher(app: Flask, room: Room) -> Iterator[FakeFetcher]:
    """The address answers one lesson, and the room is subscribed to it."""
    with fetching(app, FakeFetcher(answer=calendar(LESSON), etag='"v1"')) as fake:
        feeds.subscribe(room_id=room.id, url=URL, actor_id=None, now=NOW)
        fake.asked.clear()
        yield fake


def feed() -> TimetableFeed:
    return db.session.scalars(
        sa.select(TimetableFeed).execution_options(populate_existing=True)
    ).one()


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)))


def test_an_address_is_read_at_once_and_kept_sealed(fetcher: FakeFetcher, room: Room) -> None:
    assert lessons_of(room) == [LESSON]
    known = feed()
    assert (known.host, known.etag, known.succeeded_at) == ("agenda.example", '"v1"', NOW)
    assert b"secret-42" not in known.address_sealed
    assert timedelta(hours=3.5) <= known.next_at - NOW <= timedelta(hours=4.5)
    assert db.session.scalar(sa.select(Timetable.file_name)) == "agenda.example"
    assert actions() == ["timetable.replaced", "timetable.address_given"]
    details = db.session.scalars(sa.select(AuditEvent.details)).all()
    assert "secret-42" not in str(details)


def test_the_moment_of_the_next_reading_is_not_the_same_for_all(fetcher: FakeFetcher) -> None:
    times = set()
    for n in range(5):
        feeds.refresh(room_id=feed().room_id, now=NOW + timedelta(hours=5 * n))
        times.add(feed().next_at - NOW - timedelta(hours=5 * n))
    assert len(times) > 1


def test_an_address_that_cannot_be_read_is_not_kept(app: Flask, room: Room) -> None:
    for answer, error in ((DOWN, NotFetched), (BOMB, BadCalendar), (b"<html>", BadCalendar)):
        with fetching(app, FakeFetcher(answer=answer)), pytest.raises(error):
            feeds.subscribe(room_id=room.id, url=URL, actor_id=None, now=NOW)
    with fetching(app, FakeFetcher(answer=BROKEN)):
        report = feeds.subscribe(room_id=room.id, url=URL, actor_id=None, now=NOW)
    assert report.rejects
    assert feeds.find_feed(room.id) is None
    assert lessons_of(room) == []


@pytest.mark.parametrize("url", ["http://agenda.example/", "ftp://agenda.example/", "agenda"])
def test_what_is_not_an_https_address_is_refused_before_it_is_asked(
    app: Flask, room: Room, url: str
) -> None:
    with fetching(app, FakeFetcher()) as fake, pytest.raises(NotFetched):
        feeds.subscribe(room_id=room.id, url=url, actor_id=None, now=NOW)
    assert fake.asked == []


def test_what_has_not_changed_only_says_so(fetcher: FakeFetcher, room: Room) -> None:
    fetcher.answer = None
    later = NOW + timedelta(hours=4)
    assert feeds.refresh(room_id=room.id, now=later) is None
    assert fetcher.asked == [(URL, '"v1"')]
    assert (feed().succeeded_at, feed().etag) == (later, '"v1"')
    assert lessons_of(room) == [LESSON]


def test_a_new_version_replaces_the_one_before(fetcher: FakeFetcher, room: Room) -> None:
    fetcher.answer, fetcher.etag = calendar(OTHER), '"v2"'
    report = feeds.refresh(room_id=room.id, now=NOW + timedelta(hours=4))
    assert report is not None
    assert report.summary() == "1 créé, 0 modifié, 0 inchangé, 0 rejeté, 1 retiré"
    assert lessons_of(room) == [OTHER]
    assert feed().etag == '"v2"'


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (DOWN, DOWN.message),
        (BOMB, "Ce calendrier répète un événement plus d’une fois par jour."),
        (b"<html>", "Ce fichier n’est pas un calendrier iCalendar (.ics)."),
        (calendar(), "Ce calendrier ne contient aucun cours"),
        (BROKEN, "Ligne 4 : "),
    ],
)
def test_a_failure_loses_nothing_and_is_told(
    fetcher: FakeFetcher, room: Room, answer: bytes | NotFetched, sentence: str
) -> None:
    fetcher.answer = answer
    later = NOW + timedelta(hours=4)
    with pytest.raises((NotFetched, BadCalendar)):
        feeds.refresh(room_id=room.id, now=later)
    known = feed()
    assert lessons_of(room) == [LESSON]
    assert (known.failed_at, known.failures, known.succeeded_at) == (later, 1, NOW)
    assert (known.failure or "").startswith(sentence)
    assert known.etag == '"v1"'  # what is kept: a server that comes back to it says 304
    assert timedelta(minutes=50) < known.next_at - later < timedelta(minutes=70)


def test_failures_in_a_row_are_tried_less_and_less_often_and_a_success_forgets_them(
    fetcher: FakeFetcher, room: Room
) -> None:
    fetcher.answer = DOWN
    waits = []
    for _ in range(8):
        with pytest.raises(NotFetched):
            feeds.refresh(room_id=room.id, now=NOW)
        waits.append((feed().next_at - NOW) / timedelta(hours=1))
    assert [round(wait) for wait in waits[:2]] == [1, 2]
    assert 20 < waits[-1] < 28
    fetcher.answer = calendar(LESSON)
    feeds.refresh(room_id=room.id, now=NOW)
    assert (feed().failures, feed().failure) == (0, DOWN.message)


def test_the_lines_of_a_refused_version_are_kept_for_the_page(
    fetcher: FakeFetcher, room: Room
) -> None:
    fetcher.answer = BROKEN
    with pytest.raises(BadCalendar):
        feeds.refresh(room_id=room.id, now=NOW)
    reading = db.session.get_one(TimetableReading, room.id, populate_existing=True)
    assert reading.problem is not None
    ((line, text, refused),) = reading.remarks
    assert (line, refused) == (4, True)
    assert "gardé en entier" in str(text)


def test_a_file_in_between_makes_the_address_read_in_full_again(
    fetcher: FakeFetcher, room: Room
) -> None:
    take(room, calendar(OTHER), NOW)
    feeds.refresh(room_id=room.id, now=NOW)
    assert fetcher.asked == [(URL, None)]
    assert lessons_of(room) == [LESSON]


def test_an_address_removed_while_it_is_read_changes_nothing(
    fetcher: FakeFetcher, room: Room
) -> None:
    def remove() -> None:
        with transaction():
            feeds.unsubscribe(room_id=room.id, actor_id=None, now=NOW)

    fetcher.answer, fetcher.meanwhile = calendar(OTHER), remove
    with pytest.raises(feeds.FeedChanged):
        feeds.refresh(room_id=room.id, now=NOW)
    assert lessons_of(room) == [LESSON]
    assert feeds.find_feed(room.id) is None


def test_of_two_readings_at_once_the_one_that_began_first_does_not_come_last(
    fetcher: FakeFetcher, room: Room
) -> None:
    def meanwhile() -> None:
        fetcher.meanwhile = lambda: None
        fetcher.answer = calendar(OTHER)
        feeds.refresh(room_id=room.id, now=NOW + timedelta(seconds=1))
        fetcher.answer = calendar(LESSON)

    fetcher.meanwhile = meanwhile
    with pytest.raises(feeds.FeedChanged):
        feeds.refresh(room_id=room.id, now=NOW)
    assert lessons_of(room) == [OTHER]


def test_the_version_stays_when_the_address_goes(fetcher: FakeFetcher, room: Room) -> None:
    with transaction():
        feeds.unsubscribe(room_id=room.id, actor_id=None, now=NOW)
    assert lessons_of(room) == [LESSON]
    assert actions()[-1] == "timetable.address_removed"
    assert feeds.refresh(room_id=room.id, now=NOW) is None


def test_the_job_reads_what_is_due_and_survives_a_failure(
    app: Flask, fetcher: FakeFetcher, room: Room
) -> None:
    fetcher.answer = DOWN
    db.session.execute(sa.update(TimetableFeed).values(next_at=NOW - timedelta(days=999)))
    refresh_timetables()
    refresh_timetables()  # what waits already is not queued twice
    assert queued_jobs() == [("venues.refresh_timetable", {"room_id": str(room.id)})]
    assert run_pending_jobs(app) == ["venues.refresh_timetable"]
    assert feed().failures == 1
    assert feed().next_at > utcnow()
    refresh_timetables()
    assert queued_jobs() == []


def test_lessons_without_end_are_laid_out_further_as_days_go_by(room: Room) -> None:
    weekly = calendar(LESSON).replace(b"END:VEVENT", b"RRULE:FREQ=WEEKLY\nEND:VEVENT")
    take(room, weekly, NOW)
    last = lessons_of(room)[-1][0]
    assert feeds.list_to_extend(NOW) == []
    assert feeds.list_to_extend(NOW + timedelta(days=50)) == []
    later = NOW + timedelta(days=100)
    assert feeds.list_to_extend(later) == [room.id]
    feeds.extend(room_id=room.id, now=later)
    assert timedelta(days=93) < lessons_of(room)[-1][0] - last < timedelta(days=107)
    assert feeds.list_to_extend(later) == []
    assert db.session.scalar(sa.select(Timetable.imported_at)) == NOW


def test_the_command_takes_an_address_in_place_of_a_file(app: Flask, room: Room) -> None:
    lesson = in_a_week()
    with fetching(app, FakeFetcher(answer=calendar(lesson))) as fake:
        first = run(import_timetable, "--room", room.slug, "--url", URL)
        again = run(import_timetable, "--room", room.slug, URL.replace("https://", "webcal://"))
    assert first.stdout == "1 créé, 0 modifié, 0 inchangé, 0 rejeté.\n"
    assert again.stdout == "0 créé, 0 modifié, 1 inchangé, 0 rejeté.\n"
    assert [url for url, _ in fake.asked] == [URL, URL]
    assert lessons_of(room) == [lesson]


@pytest.mark.parametrize("arguments", [[], ["a.ics", "--url", URL]])
def test_the_command_wants_a_file_or_an_address(room: Room, arguments: list[str]) -> None:
    result = run(import_timetable, "--room", room.slug, *arguments)
    assert result.exit_code == 2
    assert "un fichier ou une adresse" in result.stderr


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"failure": "x"}, "ck_timetable_feed_failure"),
        ({"failures": -1}, "ck_timetable_feed_count"),
        ({"failures": 1}, "ck_timetable_feed_count"),
        ({"host": ""}, "ck_timetable_feed_host"),
    ],
)
def test_the_database_refuses_an_impossible_address(
    fetcher: FakeFetcher, values: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), db.session.begin_nested():
        db.session.execute(sa.update(TimetableFeed).values(**values))


def test_a_room_has_one_address(app: Flask, fetcher: FakeFetcher, room: Room) -> None:
    feeds.subscribe(room_id=room.id, url=f"{URL}?b", actor_id=None, now=NOW)
    assert feed().host == "agenda.example"
    twin = TimetableFeed(
        room_id=room.id, address_sealed=b"x", host="b", created_at=NOW, next_at=NOW
    )
    db.session.add(twin)
    with pytest.raises(IntegrityError, match="uq_timetable_feed_room_id"):
        db.session.flush()

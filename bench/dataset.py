"""Data sets: rooms around Rennes with their bookings; the same at every build.

A site has five rooms on four spaces (two halves, the whole gymnase, two more rooms), one every
8.33 km², as many to the square kilometre in every set.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from bench import bulk
from salle.kernel.clock import PARIS
from salle.kernel.french import UAI_LETTERS
from salle.kernel.ids import hash_token
from salle.venues.materialiser import wall_pieces

VERSION = 5
SEED = 20270112
DAYS, OTHER_DAYS = 730, 400
CENTRE = (48.1173, -1.6778)
KM2_PER_SITE = 8.33
KM_PER_DEGREE = 111.2
COS = 0.6677  # of the centre's latitude
TOKEN = "bench-only-token"  # noqa: S105 opens nothing but the bench's own database
EVENING = (17 * 60, 22 * 60)
WEEKEND = (8 * 60, 22 * 60)
KINDS = ("gymnasium", "gymnasium", "gymnasium", "multipurpose", "meeting")
PAID_ROOM = 4  # of each site: instant, on a space of its own, never free of charge
PRICES = (0, 500, 800, 1000, 1250, 1500)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Size of a data set: a square of dense sites and, round it, sites with fewer bookings."""

    name: str
    rooms: int
    bookings_per_room: int
    dense_rooms: int | None = None
    other_bookings_per_room: int = 0
    reads_only: bool = False  # too large to be copied for a run that writes
    under_load: bool = False  # many clients, many requests: once is enough

    @property
    def sites(self) -> int:
        return self.rooms // 5

    @property
    def dense_sites(self) -> int:
        return self.sites if self.dense_rooms is None else self.dense_rooms // 5

    @property
    def bookings(self) -> int:
        return 5 * sum(self.count_of(n) for n in range(self.sites))

    def count_of(self, n: int) -> int:
        """Bookings of each room of that site."""
        return self.bookings_per_room if n < self.dense_sites else self.other_bookings_per_room

    def days_of(self, n: int) -> int:
        """Days for which the windows of that site are laid out."""
        return DAYS if n < self.dense_sites else OTHER_DAYS

    def place(self, n: int) -> tuple[float, float]:
        """(latitude, longitude) of a site: the same in every set that has as dense a square."""
        inner, outer = (side_km(sites) for sites in (self.dense_sites, self.sites))
        side = inner if n < self.dense_sites else outer
        chance = random.Random(SEED + n)  # noqa: S311 not a secret
        while True:
            north, east = (side * (chance.random() - 0.5) for _ in "xy")
            if n < self.dense_sites or max(abs(north), abs(east)) >= inner / 2:
                break
        return CENTRE[0] + north / KM_PER_DEGREE, CENTRE[1] + east / (KM_PER_DEGREE * COS)


SETS = {
    "S": Spec(name="S", rooms=500, bookings_per_room=500, under_load=True),
    "M": Spec(name="M", rooms=5_000, bookings_per_room=500),
    "L": Spec(
        name="L",
        rooms=330_000,
        bookings_per_room=500,
        dense_rooms=5_000,
        other_bookings_per_room=24,
        reads_only=True,
    ),
}


def side_km(sites: int) -> float:
    """Side of the square that holds so many sites."""
    return float((sites * KM2_PER_SITE) ** 0.5)


def ident(*parts: object) -> uuid.UUID:
    """The same id at every build, and in bench/bulk.py."""
    text = "/".join(map(str, (SEED, *parts)))
    return uuid.UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


def uai_of(n: int) -> str:
    """The site's number, with its key letter."""
    return f"{n:07d}{UAI_LETTERS[n % 23]}"


def account_of(n: int) -> str:
    """The collège's account at the provider."""
    return f"acct_bench{n}"


def anchor(today: date) -> date:
    """The first day of bookings: the data moves on once a month."""
    return today.replace(day=1) - timedelta(days=31)


def stamp(spec: Spec, today: date, migration: str) -> str:
    """What the kept database must say to be used again."""
    text = f"{VERSION} {spec} {SEED} {anchor(today)} {migration}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Builder:
    """Writes one data set into an empty, migrated database."""

    def __init__(self, connection: psycopg.Connection[Any], spec: Spec, today: date) -> None:
        self.connection, self.spec = connection, spec
        self.first = anchor(today)
        self.made_at = datetime.combine(self.first, datetime.min.time(), UTC)

    def build(self) -> None:
        """Every table, then statistics and visibility map."""
        self.copy("territory", "id, slug, name, kind", [self.territory()])
        self.people()
        sites = list(range(self.spec.sites))
        self.copy(
            "site",
            "id, territory_id, uai, name, commune, postcode, insee_code, lat, lon, calendar",
            map(self.site, sites),
        )
        self.copy(
            "schedule", "id, site_id", ((ident("schedule", n), ident("site", n)) for n in sites)
        )
        self.copy("space", "id, site_id, name", (row for n in sites for row in self.spaces(n)))
        self.copy(
            "room",
            "id, site_id, territory_id, schedule_id, slug, name, kind, capacity, booking_mode,"
            " published_at",
            (row for n in sites for row in self.rooms(n)),
        )
        self.copy("room_space", "room_id, space_id", (r for n in sites for r in room_spaces(n)))
        self.copy(
            "tariff",
            "id, room_id, audience, hourly_cents, full_hourly_cents, valid, decision",
            (row for n in sites for row in self.tariffs(n)),
        )
        self.copy("collection_account", "id, site_id, provider, account", map(self.account, sites))
        self.copy(
            "opening_rule",
            "id, site_id, period, weekday, opens, closes",
            (row for n in sites for row in self.rules(n)),
        )
        self.copy(
            "school_holiday",
            "id, calendar, school_year, label, period, first_day, last_day, source",
            self.holidays(),
        )
        self.large_tables()
        self.connection.commit()
        self.connection.autocommit = True
        self.connection.execute("VACUUM (ANALYZE)")
        self.connection.autocommit = False

    def copy(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as target,
        ):
            for row in rows:
                target.write_row(row)

    def territory(self) -> tuple[object, ...]:
        return ident("territory"), "bench", "Territoire de mesure", "department"

    def people(self) -> None:
        """One association and its president, who may book everywhere."""
        user, organisation = ident("user"), ident("organisation")
        later = self.made_at + timedelta(days=3650)
        self.copy(
            "user_account",
            "id, name, email, created_at",
            [(user, "Mesure", "mesure@demo.example", self.made_at)],
        )
        self.copy(
            "organisation",
            "id, territory_id, kind, name, eligibility, insured_until, created_at",
            [
                (organisation, ident("territory"), "association", "Association de mesure")
                + ("accepted", later.date(), self.made_at)
            ],
        )
        self.copy(
            "membership",
            "id, user_id, organisation_id, role, created_at",
            [(ident("membership"), user, organisation, "president", self.made_at)],
        )
        self.copy(
            "api_token",
            "id, user_id, token_hash, created_at, expires_at",
            [(ident("token"), user, hash_token(TOKEN), self.made_at, later)],
        )

    def site(self, n: int) -> tuple[object, ...]:
        lat, lon = self.spec.place(n)
        commune = f"Commune {n // 4}"
        return (
            *(ident("site", n), ident("territory"), uai_of(n), f"Collège {n}", commune),
            *(f"{35000 + n // 4:05d}", f"{35000 + n // 4:05d}", lat, lon, "Zone B"),
        )

    def spaces(self, n: int) -> Iterator[tuple[object, ...]]:
        for letter in "abcd":
            yield ident("space", n, letter), ident("site", n), f"Espace {letter}"

    def rooms(self, n: int) -> Iterator[tuple[object, ...]]:
        for number, kind in enumerate(KINDS):
            yield (
                *(ident("room", n, number), ident("site", n), ident("territory")),
                *(ident("schedule", n), f"salle-{n}-{number}", f"Salle {number} du collège {n}"),
                *(kind, (40, 40, 80, 60, 20)[number], "approval" if number == 3 else "instant"),
                self.made_at,
            )

    def tariffs(self, n: int) -> Iterator[tuple[object, ...]]:
        for number in range(len(KINDS)):
            prices = PRICES[1:] if number == PAID_ROOM else PRICES
            cents = prices[(n * 7 + number * 3) % len(prices)]
            yield (
                *(ident("tariff", n, number), ident("room", n, number), "association"),
                *(cents, cents + 500, "(,)", "délibération fictive"),
            )

    def account(self, n: int) -> tuple[object, ...]:
        return ident("account", n), ident("site", n), "stripe", account_of(n)

    def days(self) -> list[date]:
        return [self.first + timedelta(days=k) for k in range(DAYS)]

    def large_tables(self) -> None:
        """Windows and bookings, through tables that last as long as the building."""
        self.connection.execute(
            "CREATE UNLOGGED TABLE bench_cell (number bigint, starts_at timestamptz,"
            " ends_at timestamptz);"
            "CREATE UNLOGGED TABLE bench_window (LIKE bench_cell);"
            "ALTER TABLE bench_window DROP number, ADD day date;"
            "CREATE UNLOGGED TABLE bench_site (n bigint, count bigint, until date)"
        )
        self.copy(
            "bench_cell",
            "number, starts_at, ends_at",
            ((number, *piece) for number, piece in enumerate(self.cells())),
        )
        self.copy(
            "bench_window",
            "day, starts_at, ends_at",
            (
                (day, *piece)
                for day in self.days()
                for piece in wall_pieces(day, *hours_of(day), PARIS)
            ),
        )
        self.copy(
            "bench_site",
            "n, count, until",
            (
                (n, self.spec.count_of(n), self.first + timedelta(days=self.spec.days_of(n)))
                for n in range(self.spec.sites)
            ),
        )
        self.connection.execute("ANALYZE bench_cell, bench_window, bench_site")
        facts = {"seed": SEED, "organisation": ident("organisation"), "user": ident("user")}
        bulk.load(
            self.connection,
            self.connect,
            self.spec.sites,
            {**facts, "made_at": self.made_at},
            exclusion=not self.spec.reads_only,
        )
        self.connection.execute("DROP TABLE bench_cell, bench_window, bench_site")
        self.connection.commit()

    def connect(self) -> psycopg.Connection[Any]:
        """One more connection to the same database."""
        info = self.connection.info
        return psycopg.connect(
            host=info.host, port=info.port, user=info.user, password=info.password,
            dbname=info.dbname, autocommit=True,
        )  # fmt: skip

    def cells(self) -> list[tuple[datetime, datetime]]:
        """Every two-hour use that an opening hour allows, from 18 h in the week."""
        return [
            piece
            for day in self.days()
            for opens in range(hours_of(day)[0] + (60 if day.isoweekday() < 6 else 0), 1320, 120)
            for piece in wall_pieces(day, opens, opens + 120, PARIS)
        ]

    def rules(self, n: int) -> Iterator[tuple[object, ...]]:
        """The opening rules that the windows come from."""
        for weekday in range(1, 8):
            opens, closes = EVENING if weekday < 6 else WEEKEND
            yield ident("rule", n, weekday), ident("site", n), "ouvert", weekday, opens, closes

    def holidays(self) -> Iterator[tuple[object, ...]]:
        """One day a school year: enough for its calendar to be known."""
        for year in range(self.first.year - 1, self.first.year + 4):
            day = date(year, 12, 24)
            yield (
                *(ident("holiday", year), "Zone B", f"{year}-{year + 1}", "Vacances de mesure"),
                *("vacances", day, day, "bench"),
            )


def hours_of(day: date) -> tuple[int, int]:
    """Opening minutes of that day."""
    return EVENING if day.isoweekday() < 6 else WEEKEND


def room_spaces(n: int) -> Iterator[tuple[object, ...]]:
    """Two halves, the whole, two rooms of their own."""
    for number, letters in enumerate(("a", "b", "ab", "c", "d")):
        for letter in letters:
            yield ident("room", n, number), ident("space", n, letter)

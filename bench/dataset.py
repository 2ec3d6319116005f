"""Data sets: rooms around Rennes with their bookings, written by COPY; the same at every build.

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

from salle.kernel.clock import PARIS
from salle.kernel.french import UAI_LETTERS
from salle.kernel.ids import hash_token
from salle.venues.materialiser import wall_pieces

VERSION = 4
SEED = 20270112
DAYS = 730
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
NAMESPACE = uuid.UUID(int=SEED)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Size of a data set."""

    name: str
    rooms: int
    bookings_per_room: int

    @property
    def sites(self) -> int:
        return self.rooms // 5


SETS = {"S": Spec(name="S", rooms=500, bookings_per_room=500)}


def ident(*parts: object) -> uuid.UUID:
    """The same id at every build."""
    return uuid.uuid5(NAMESPACE, "/".join(map(str, parts)))


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
        self.random = random.Random(SEED)  # noqa: S311 not a secret

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
        self.windows(sites)
        self.bookings(sites)
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
        side = (self.spec.sites * KM2_PER_SITE) ** 0.5
        lat = CENTRE[0] + (self.random.random() - 0.5) * side / KM_PER_DEGREE
        lon = CENTRE[1] + (self.random.random() - 0.5) * side / (KM_PER_DEGREE * COS)
        commune = f"Commune {n // 4}"
        uai = f"{n:07d}{UAI_LETTERS[n % 23]}"
        return (
            *(ident("site", n), ident("territory"), uai, f"Collège {n}", commune),
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
            cents = self.random.choice(PRICES[1:] if number == PAID_ROOM else PRICES)
            yield (
                *(ident("tariff", n, number), ident("room", n, number), "association"),
                *(cents, cents + 500, "(,)", "délibération fictive"),
            )

    def account(self, n: int) -> tuple[object, ...]:
        return ident("account", n), ident("site", n), "stripe", account_of(n)

    def days(self) -> list[date]:
        return [self.first + timedelta(days=k) for k in range(DAYS)]

    def windows(self, sites: Iterable[int]) -> None:
        """Every site opens in the evening, and all day at the weekend."""
        pieces = [
            (day, start, end)
            for day in self.days()
            for start, end in wall_pieces(day, *hours_of(day), PARIS)
        ]
        self.copy(
            "opening_window",
            "schedule_id, day, starts_at, ends_at",
            ((ident("schedule", n), *piece) for n in sites for piece in pieces),
        )

    def bookings(self, sites: Iterable[int]) -> None:
        """Two-hour uses: of the whole gymnase, of its halves, of the two other rooms."""
        cells = [
            piece
            for day in self.days()
            for opens in range(hours_of(day)[0] + (60 if day.isoweekday() < 6 else 0), 1320, 120)
            for piece in wall_pieces(day, opens, opens + 120, PARIS)
        ]
        count = self.spec.bookings_per_room
        uses: list[tuple[int, int, tuple[str, ...], tuple[datetime, datetime]]] = []
        for n in sites:
            whole = self.random.sample(cells, count)
            left = [cell for cell in cells if cell not in set(whole)]
            for number, letters, free in (
                (2, "ab", None), (0, "a", left), (1, "b", left), (3, "c", cells), (4, "d", cells),
            ):  # fmt: skip
                chosen = whole if free is None else self.random.sample(free, count)
                uses += [(n, number, tuple(letters), cell) for cell in chosen]
        self.copy_bookings(uses)

    def copy_bookings(
        self, uses: list[tuple[int, int, tuple[str, ...], tuple[datetime, datetime]]]
    ) -> None:
        organisation, user = ident("organisation"), ident("user")
        ids = [uuid.UUID(int=self.random.getrandbits(128), version=4) for _ in uses]
        self.copy(
            "booking",
            "id, reference, room_id, organisation_id, created_by_id, state, purpose, headcount,"
            " price_cents, full_value_cents, price_rule, created_at, confirmed_at",
            (
                (id_, f"M-{k}", ident("room", n, number), organisation, user, "confirmed")
                + ("Entraînement", 12, 2000, 3000, "tarif", self.made_at, self.made_at)
                for k, (id_, (n, number, _, _)) in enumerate(zip(ids, uses, strict=True))
            ),
        )
        self.copy(
            "booking_date",
            "id, booking_id, starts_at, ends_at, state, price_cents, full_value_cents",
            (
                (id_, id_, start, end, "confirmed", 2000, 3000)
                for id_, (_, _, _, (start, end)) in zip(ids, uses, strict=True)
            ),
        )
        self.copy(
            "occupation",
            "space_id, kind, starts_at, ends_at, frees_at, booking_date_id",
            (
                (ident("space", n, letter), "booking", start, end, end, id_)
                for id_, (n, _, letters, (start, end)) in zip(ids, uses, strict=True)
                for letter in letters
            ),
        )


def hours_of(day: date) -> tuple[int, int]:
    """Opening minutes of that day."""
    return EVENING if day.isoweekday() < 6 else WEEKEND


def room_spaces(n: int) -> Iterator[tuple[object, ...]]:
    """Two halves, the whole, two rooms of their own."""
    for number, letters in enumerate(("a", "b", "ab", "c", "d")):
        for letter in letters:
            yield ident("room", n, number), ident("space", n, letter)

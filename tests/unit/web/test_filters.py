"""French words for money, instants, durations and counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from salle.venues.rules import RoomKind
from salle.web import filters

NB, THIN = "\u00a0", "\u202f"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("cents", "words"),
    [
        (0, f"0,00{NB}€"),
        (1250, f"12,50{NB}€"),
        (1_487_250, f"14{THIN}872,50{NB}€"),
        (-1250, f"−12,50{NB}€"),
    ],
)
def test_euros(cents: int, words: str) -> None:
    assert filters.euros(cents) == words


def test_date_fr_reads_an_instant_in_the_zone_of_the_site() -> None:
    evening = at("2027-01-12T23:30:00+00:00")
    assert filters.date_fr(evening) == f"mercredi 13{NB}janvier 2027"
    assert filters.date_fr(evening, "America/Cayenne") == f"mardi 12{NB}janvier 2027"


def test_date_fr_says_premier() -> None:
    assert filters.date_fr(date(2027, 3, 1)) == f"lundi 1er{NB}mars 2027"
    assert filters.date_fr(date(2027, 3, 2), year=False) == f"mardi 2{NB}mars"


def test_date_short_and_iso() -> None:
    assert filters.date_short(date(2027, 2, 12)) == f"12{NB}févr.{NB}2027"
    assert filters.date_iso(at("2027-01-12T23:30:00+00:00")) == "2027-01-13"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (time(18, 30), f"18{NB}h{NB}30"),
        (time(8, 5), f"8{NB}h{NB}05"),
        (18 * 60, f"18{NB}h"),
        (0, f"0{NB}h"),
        (1440, "minuit"),
        (1440 + 90, f"1{NB}h{NB}30"),
        (at("2027-07-12T16:00:00+00:00"), f"18{NB}h"),
    ],
)
def test_heure_fr(value: datetime | time | int, words: str) -> None:
    assert filters.heure_fr(value) == words


@pytest.mark.parametrize("name", ["date_fr", "date_short", "date_iso", "heure_fr"])
def test_naive_instants_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="naive"):
        getattr(filters, name)(at("2027-01-12T18:00:00"))


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (
            "2027-01-12T18:00+01:00",
            "2027-01-12T20:30+01:00",
            f"mardi 12{NB}janvier 2027, 18{NB}h{NB}– 20{NB}h{NB}30",
        ),
        (
            "2027-01-12T22:00+01:00",
            "2027-01-13T00:00+01:00",
            f"mardi 12{NB}janvier 2027, 22{NB}h{NB}– minuit",
        ),
        (
            "2027-01-12T22:00+01:00",
            "2027-01-13T02:00+01:00",
            f"mardi 12{NB}janvier 2027, 22{NB}h{NB}– mercredi 13{NB}janvier 2027, 2{NB}h",
        ),
        (
            "2027-01-12T00:00+01:00",
            "2027-01-14T00:00+01:00",
            f"mardi 12{NB}janvier 2027, 0{NB}h{NB}– mercredi 13{NB}janvier 2027, minuit",
        ),
        # The hour that does not exist: 01:30 + 1 h of real time is 03:30 on the wall.
        (
            "2027-03-28T01:30+01:00",
            "2027-03-28T03:30+02:00",
            f"dimanche 28{NB}mars 2027, 1{NB}h{NB}30{NB}– 3{NB}h{NB}30",
        ),
    ],
)
def test_periode(start: str, end: str, words: str) -> None:
    assert filters.periode(at(start).astimezone(UTC), at(end).astimezone(UTC)) == words


def test_heures_ends_at_minuit_whatever_the_type() -> None:
    start, end = at("2027-01-12T22:00+01:00"), at("2027-01-13T00:00+01:00")
    assert filters.heures(start, end) == f"22{NB}h{NB}– minuit"
    assert filters.heures(22 * 60, 1440) == f"22{NB}h{NB}– minuit"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (timedelta(minutes=90), f"1{NB}h{NB}30"),
        (45, f"45{NB}min"),
        (120, f"2{NB}h"),
        (timedelta(hours=1284), f"1{THIN}284{NB}h"),
        (timedelta(minutes=59, seconds=45), f"1{NB}h"),
    ],
)
def test_duree(value: timedelta | int, words: str) -> None:
    assert filters.duree(value) == words


def test_pluriel_zero_and_one_are_singular() -> None:
    assert filters.pluriel(0, "salle") == f"0{NB}salle"
    assert filters.pluriel(1, "salle") == f"1{NB}salle"
    assert filters.pluriel(1200, "salle") == f"1{THIN}200{NB}salles"
    assert filters.pluriel(2, "tableau", "tableaux") == f"2{NB}tableaux"


@pytest.mark.parametrize(
    ("value", "decimals", "words"),
    [
        (1284, None, f"1{THIN}284"),
        (13.64, None, "13,6"),
        (-0.04, 1, "0,0"),
        (-2.5, 1, "−2,5"),
        (2, 2, "2,00"),
    ],
)
def test_nombre(value: float, decimals: int | None, words: str) -> None:
    assert filters.nombre(value, decimals) == words


def test_distance_km() -> None:
    assert filters.distance_km(0.84) == f"0,8{NB}km"
    assert filters.distance_km(123.4) == f"123{NB}km"


def test_label_takes_only_labelled_members() -> None:
    assert filters.label(RoomKind.GYMNASIUM) == "gymnase"
    with pytest.raises(TypeError):
        filters.label("gymnasium")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("percent", "level"),
    [(None, 0), (0, 0), (0.5, 0), (5, 1), (6, 2), (24.9, 5), (25, 6), (100, 6)],
)
def test_lit_level(percent: float | None, level: int) -> None:
    assert filters.lit_level(percent) == level

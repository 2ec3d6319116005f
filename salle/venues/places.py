"""A place typed in French: a known commune or collège, else an address.

Among the known names: exact words first, then their beginning, then any part; at each step
communes and postcodes before names of sites.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import fmean

import sqlalchemy as sa

from salle.adapters.geocoding import Geocoder, GeocodingFailed, Located
from salle.db import db, release
from salle.kernel.clock import PARIS
from salle.kernel.french import fold
from salle.venues.models import Site

MOST = 8
LEAST_SCORE, SURE_SCORE, NEXT_BEST = 0.5, 0.8, 0.05  # below the first, the service itself doubts
LONGEST = 40  # letters compared with each name
CODE, LIKE = 5, 0.88  # digits of a postcode; how like a misspelt name must be
_SHORT = {"st": "saint", "ste": "sainte", "clg": "college"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A point and how to name it: « Rennes », « Collège des Tilleuls (Rennes) »."""

    label: str
    lat: float
    lon: float
    zone: str = PARIS
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """The places that a text may mean; `unanswered`: the service of addresses was no help."""

    places: list[Place]
    unanswered: bool = False


def resolve(text: str, geocoder: Geocoder | None) -> Resolved:
    """None (unknown), one, or several places (ambiguous), in order.

    What is the name of a known commune or collège is asked of nobody. The rest is asked of the
    service of addresses, then looked for among the known names.
    """
    wanted = _words(text)
    if not wanted:
        return Resolved(places=[])
    sites = db.session.scalars(
        sa.select(Site).where(Site.closed_on.is_(None)).order_by(Site.commune, Site.name, Site.id)
    ).all()
    groups = [_communes(sites), [_of_site(site) for site in sites]]
    known = [place for places in groups for place in places]
    if exact := _matching(groups, (_is,), wanted) or _with_postcode(groups[0], wanted):
        return Resolved(places=exact)
    nearly = _matching(groups, (_begins, _holds), wanted)
    fallback = nearly or _at_the_end(groups[0], wanted) or _misspelt(groups, wanted)
    if geocoder is None or not known:
        return Resolved(places=fallback)
    release()
    try:
        located = geocoder.find(
            text, lat=fmean(p.lat for p in known), lon=fmean(p.lon for p in known)
        )
    except GeocodingFailed:
        return Resolved(places=fallback, unanswered=True)
    best = _best(located, least=SURE_SCORE if nearly else LEAST_SCORE)
    return Resolved(places=[_placed(one, known) for one in best] or fallback)


def _matching(
    groups: list[list[Place]], ways: tuple[Callable[[str, str], bool], ...], wanted: str
) -> list[Place]:
    for matches in ways:
        for places in groups:
            found = [p for p in places if any(matches(word, wanted) for word in p.words)]
            if found:
                return found[:MOST]
    return []


def _with_postcode(communes: list[Place], wanted: str) -> list[Place]:
    """« 35000 Rennes », in any order."""
    codes = {word for word in wanted.split() if word.isdigit() and len(word) == CODE}
    name = " ".join(word for word in wanted.split() if word not in codes)
    return [place for place in communes if place.words[0] == name and codes & set(place.words[1:])]


def _at_the_end(communes: list[Place], wanted: str) -> list[Place]:
    """An address nobody knows ends with its commune, or holds its postcode: near enough."""
    codes = {word for word in wanted.split() if word.isdigit() and len(word) == CODE}
    named = [place for place in communes if wanted.endswith(f" {place.words[0]}")]
    return (named or [place for place in communes if codes & set(place.words[1:])])[:MOST]


def _misspelt(groups: list[list[Place]], wanted: str) -> list[Place]:
    """The one known name that is a letter or so away."""
    near = {
        place.label: place
        for places in groups
        for place in places
        for word in place.words
        if len(word) >= CODE
        and SequenceMatcher(None, word, wanted[:LONGEST], autojunk=False).ratio() >= LIKE
    }
    return list(near.values()) if len(near) == 1 else []


def _best(located: list[Located], *, least: float) -> list[Located]:
    """Those as good as the first, if it is good enough; the same label once."""
    if not located or located[0].score < least:
        return []
    good = [one for one in located if one.score >= located[0].score - NEXT_BEST]
    return list({one.label: one for one in good}.values())


def _placed(one: Located, known: list[Place]) -> Place:
    """On the clock of the nearest known site."""
    zone = min(known, key=lambda p: (p.lat - one.lat) ** 2 + (p.lon - one.lon) ** 2).zone
    return Place(label=one.label, lat=one.lat, lon=one.lon, zone=zone)


def list_nearest_names(text: str) -> list[Place]:
    """Communes to propose instead of an unknown place: those spelled most like it first."""
    sites = db.session.scalars(
        sa.select(Site).where(Site.closed_on.is_(None)).order_by(Site.commune, Site.id)
    ).all()
    wanted = _words(text)[:LONGEST]
    places = _communes(sites)
    places.sort(key=lambda place: -SequenceMatcher(None, place.words[0], wanted).ratio())
    return places[:MOST]


def _is(known: str, wanted: str) -> bool:
    return known == wanted


def _begins(known: str, wanted: str) -> bool:
    return known.startswith(wanted)


def _holds(known: str, wanted: str) -> bool:
    return wanted in known


def _words(text: str) -> str:
    """« Collège St-Exupéry » → « college saint exupery »."""
    parts = re.sub(r"[^a-z0-9]+", " ", fold(text)).split()
    return " ".join(_SHORT.get(part, part) for part in parts)


def _communes(sites: Iterable[Site]) -> list[Place]:
    """Each commune at the middle of its sites."""
    groups: dict[tuple[str, str], list[Site]] = {}
    for site in sites:
        groups.setdefault((site.commune, site.insee_code), []).append(site)
    return [
        Place(
            label=commune,
            lat=fmean(site.lat for site in members),
            lon=fmean(site.lon for site in members),
            zone=members[0].time_zone,
            words=(_words(commune), insee, *sorted({site.postcode for site in members})),
        )
        for (commune, insee), members in groups.items()
    ]


def _of_site(site: Site) -> Place:
    name = _words(site.name)
    short = re.sub(r"^college (de la |de l |des |du |de |d )?", "", name)
    return Place(
        label=f"{site.name} ({site.commune})",
        lat=site.lat,
        lon=site.lon,
        zone=site.time_zone,
        words=(name, short, site.uai.lower()),
    )

"""A place typed in French, resolved among the communes and the names of the known sites.

Offline: nothing is asked of another service. Exact words first, then their beginning, then any
part; at each step communes and postcodes before names of sites.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import fmean

import sqlalchemy as sa

from salle.db import db
from salle.kernel.clock import PARIS
from salle.kernel.french import fold
from salle.venues.models import Site

MOST = 8
LONGEST = 40  # letters compared with each name
_SHORT = {"st": "saint", "ste": "sainte", "clg": "college"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A point and how to name it: « Rennes », « Collège des Tilleuls (Rennes) »."""

    label: str
    lat: float
    lon: float
    zone: str = PARIS
    words: tuple[str, ...] = ()


def find_places(text: str) -> list[Place]:
    """The places that text may mean: none (unknown), one, or several (ambiguous), in order."""
    wanted = _words(text)
    if not wanted:
        return []
    sites = db.session.scalars(
        sa.select(Site).where(Site.closed_on.is_(None)).order_by(Site.commune, Site.name, Site.id)
    ).all()
    communes, names = _communes(sites), [_of_site(site) for site in sites]
    for matches in (_is, _begins, _holds):
        for places in (communes, names):
            found = [p for p in places if any(matches(known, wanted) for known in p.words)]
            if found:
                return found[:MOST]
    return []


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

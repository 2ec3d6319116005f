"""`salle import annuaire`: the public collèges of the national directory of schools."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from salle.db import db
from salle.kernel.errors import Invalid
from salle.kernel.french import compact, fold, is_siret, is_uai
from salle.territories.models import Territory, TerritoryKind
from salle.venues.defaults import add_default_rules
from salle.venues.imports.academies import (
    clock_of,
    department_code,
    find_calendar,
    short_department,
)
from salle.venues.imports.runs import Outcome, Report
from salle.venues.imports.tables import Row, open_table
from salle.venues.models import Schedule, Site
from salle.venues.openings import ensure_site_schedule, rebuild_calendar, rebuild_windows
from salle.venues.rules import SchoolCalendar
from salle.venues.school_holidays import load_school_holidays

REQUIRED = (
    "identifiant_de_l_etablissement",
    "nom_etablissement",
    "type_etablissement",
    "statut_public_prive",
    "nom_commune",
    "code_departement",
    "libelle_academie",
)
OPTIONAL = (
    "adresse_1",
    "adresse_2",
    "code_postal",
    "code_commune",
    "libelle_departement",
    "telephone",
    "mail",
    "siren_siret",
    "position",
    "latitude",
    "longitude",
    "etat",
)
ALIASES = {
    "identifiant_de_l_etablissement": ["uai", "numero_uai", "code_etablissement"],
    "siren_siret": ["siret"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """What the directory says of a collège: the columns of the site that it keeps fresh."""

    name: str
    address: str
    postcode: str
    commune: str
    insee_code: str
    phone: str
    email: str
    lat: float
    lon: float
    calendar: SchoolCalendar
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class College:
    """One line of the directory that concerns us."""

    uai: str
    siret: str | None
    department: str
    department_name: str
    closed: bool
    facts: SiteFacts


def open_directory(path: Path) -> list[Row]:
    """The lines of any export of the directory (labels or technical names)."""
    return open_table(path, required=REQUIRED, optional=OPTIONAL, aliases=ALIASES)


@dataclass
class DirectoryImport:
    """Sites are created and kept fresh, never deleted: one that closed is marked.

    `department`: three positions, or None for every département of the file.
    """

    today: date
    report: Report
    department: str | None = None
    lines: dict[str, int] = field(default_factory=dict)
    _territories: dict[str, Territory] = field(default_factory=dict)
    _sites: dict[str, Site] = field(default_factory=dict)
    _moved: set[Site] = field(default_factory=set)

    def prepare(self) -> None:
        """School holidays first: without them every day is closed."""
        for calendar in load_school_holidays():
            rebuild_calendar(calendar, self.today)
        self._sites = {site.uai: site for site in db.session.scalars(sa.select(Site))}

    def parse(self, row: Row) -> College | None:
        """The collège of that line; None for another kind of school or another département."""
        if not self._concerned(row):
            return None
        if row.problem:
            raise Invalid(row.problem)
        uai = compact(row["identifiant_de_l_etablissement"])
        if not is_uai(uai):
            raise Invalid(f"code UAI invalide : « {uai[:40]} »")
        if uai in self.lines:
            self.report.warn(row.line, f"{uai} est déjà donné ligne {self.lines[uai]}")
            return None
        self.lines[uai] = row.line
        return College(
            uai=uai,
            siret=self._siret(row),
            department=department_code(row["code_departement"]),
            department_name=row["libelle_departement"],
            closed=fold(row["etat"]).startswith("ferme"),
            facts=_facts(row, uai),
        )

    def store(self, college: College) -> Outcome:
        """Create the site or bring it up to date."""
        site = self._sites.get(college.uai)
        if site is None:
            return self._create(college)
        wanted = asdict(college.facts) | {
            "siret": college.siret or site.siret,
            "closed_on": (site.closed_on or self.today) if college.closed else None,
        }
        changed = {name: value for name, value in wanted.items() if getattr(site, name) != value}
        for name, value in changed.items():
            setattr(site, name, value)
        db.session.flush()
        if changed.keys() & {"calendar", "time_zone"}:
            self._moved.add(site)
        return Outcome.UPDATED if changed else Outcome.UNCHANGED

    def finish(self) -> None:
        """Lay out the windows of new sites, and say which known sites the file leaves out."""
        if not self.lines:
            self.report.warn(0, "aucun collège public de ce département dans le fichier")
        moved = [site.id for site in self._moved]
        rebuild_windows(
            db.session.scalars(sa.select(Schedule.id).where(Schedule.site_id.in_(moved))),
            today=self.today,
        )
        seen = {territory.id for territory in self._territories.values()}
        for uai, site in sorted(self._sites.items()):
            if site.territory_id in seen and uai not in self.lines and site.closed_on is None:
                self.report.warn(0, f"{uai} {site.name} n’est plus dans le fichier : laissé ouvert")

    def _concerned(self, row: Row) -> bool:
        return (
            fold(row["type_etablissement"]) == "college"
            and fold(row["statut_public_prive"]) == "public"
            and self.department in {None, department_code(row["code_departement"])}
        )

    def _siret(self, row: Row) -> str | None:
        text = compact(row["siren_siret"])
        if not text or is_siret(text):
            return text or None
        self.report.warn(row.line, f"SIRET ignoré, il n’est pas valide : « {text[:40]} »")
        return None

    def _create(self, college: College) -> Outcome:
        site = Site(
            territory_id=self._territory(college).id,
            uai=college.uai,
            siret=college.siret,
            closed_on=self.today if college.closed else None,
            **asdict(college.facts),
        )
        db.session.add(site)
        ensure_site_schedule(site)
        add_default_rules(site, self.today)
        self._sites[site.uai] = site
        self._moved.add(site)
        return Outcome.CREATED

    def _territory(self, college: College) -> Territory:
        short = short_department(college.department)
        slug = f"departement-{short.lower()}"
        known = self._territories.get(slug) or db.session.scalar(
            sa.select(Territory).where(Territory.slug == slug)
        )
        if known is None:
            name = college.department_name or f"Département {short}"
            known = Territory(slug=slug, name=name, kind=TerritoryKind.DEPARTMENT)
            db.session.add(known)
            db.session.flush()
        self._territories[slug] = known
        return known


def _facts(row: Row, uai: str) -> SiteFacts:
    calendar = find_calendar(row["libelle_academie"])
    if calendar is None:
        raise Invalid(f"académie inconnue : « {row['libelle_academie'][:60]} »")
    if not row["nom_etablissement"] or not row["nom_commune"]:
        raise Invalid("nom de l’établissement ou de la commune absent")
    lat, lon = _position(row)
    return SiteFacts(
        name=row["nom_etablissement"],
        address=", ".join(part for part in (row["adresse_1"], row["adresse_2"]) if part),
        postcode=_padded(row["code_postal"]),
        commune=row["nom_commune"],
        insee_code=_padded(row["code_commune"]),
        phone=compact(row["telephone"]),
        email=row["mail"],
        lat=lat,
        lon=lon,
        calendar=calendar,
        time_zone=clock_of(uai),
    )


def _padded(code: str) -> str:
    """A postcode or commune code, with the zero that spreadsheets drop."""
    code = compact(code)
    return code.zfill(5) if code.isdigit() else code


def _position(row: Row) -> tuple[float, float]:
    """Latitude and longitude from their columns, else from `position` (text or JSON)."""
    for pair in ((row["latitude"], row["longitude"]), _split_position(row["position"])):
        try:
            lat, lon = (float(number.replace(",", ".")) for number in pair)
        except ValueError:
            continue
        # A comparison with « not a number » is false: it is refused too.
        if abs(lat) <= 90 and abs(lon) <= 180 and (lat, lon) != (0, 0):
            return lat, lon
    raise Invalid("position absente ou illisible : le collège serait introuvable sur la carte")


def _split_position(text: str) -> tuple[str, str]:
    if text.startswith("{"):
        try:
            point = json.loads(text)
            return str(point["lat"]), str(point["lon"])
        except (ValueError, KeyError, TypeError):
            return "", ""
    lat, _, lon = text.partition(",")
    return lat.strip(), lon.strip()

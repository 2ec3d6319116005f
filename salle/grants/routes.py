"""Pages of the fund and of the projects it paid for."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, render_template, request

from salle.grants.models import FundedProject
from salle.grants.queries import (
    as_record,
    find_record,
    get_project,
    list_fund_records,
    list_project_links,
    list_projects,
    list_records,
    list_sources,
)
from salle.grants.review import Review, review
from salle.grants.wording import value_text
from salle.kernel.clock import local_day, utcnow
from salle.kernel.errors import Invalid
from salle.kernel.words import SHORT_MONTHS
from salle.usage.figures import Figure
from salle.usage.indicators import build_figures, rate, to_hours
from salle.usage.queries import EVENING, Usage, list_evenings, measure, site_periods
from salle.usage.rules import Days, read_days
from salle.venues.models import Site
from salle.web.access import public
from salle.web.viewmodels import BarPart, bar_parts

blueprint = Blueprint("grants", __name__, url_prefix="/fonds")

TONES = ("1", "2", "2b", "3")
UNKNOWN_TONE, REST_TONE = "unknown", "none"
# Figures drawn large, by the end of their key; the others are in the tables.
HEADLINES = frozenset(
    {
        "services", "national_services", "state_startups", "funded_rate", "average_cents",
        "total", "local_authorities",
    }
)  # fmt: skip
PERIOD_FIELDS = ("du", "au")
WEEKDAYS = (
    ("lun.", "lundi"), ("mar.", "mardi"), ("mer.", "mercredi"), ("jeu.", "jeudi"),
    ("ven.", "vendredi"), ("sam.", "samedi"), ("dim.", "dimanche"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ProjectView:
    """A followed project over a period, ready to be drawn."""

    project: FundedProject
    days: Days
    amount: str | None  # None = not disclosed
    note: str
    fictional: bool
    sites: Sequence[Site]
    usage: Usage
    site_usages: Sequence[Usage]
    figures: dict[str, Figure]
    computed_at: datetime


def view_project(project: FundedProject, days: Days, now: datetime) -> ProjectView:
    """Measure the project's sites over these days."""
    links = list_project_links(project.id)
    record = find_record(project.record_code) if project.record_code else None
    total, *by_site = measure(site_periods(links, days), now)
    known = record is not None and record.value is not None
    return ProjectView(
        project=project,
        days=days,
        amount=value_text(as_record(record)) if record is not None and known else None,
        note=record.note if record is not None else "",
        fictional=any(site.fictional for site, _, _ in links),
        sites=[usage.site for usage in by_site if usage.site is not None],
        usage=total,
        site_usages=by_site,
        figures={figure.key: figure for figure in build_figures(total)},
        computed_at=now,
    )


def _bar(result: Review) -> list[BarPart]:
    shares = [
        (part.axis_label, tone, part.amount.cents or 0)
        for part, tone in zip(result.allocations, _tones(result), strict=True)
    ]
    rest = result.unallocated
    shares.append((f"Non ventilé, {rest.display}", REST_TONE, max(rest.cents or 0, 0)))
    return bar_parts(shares)


def _tones(result: Review) -> list[str]:
    """A colour for each known part, in turn; none for an unknown one."""
    tones: list[str] = []
    known = 0
    for part in result.allocations:
        tones.append(UNKNOWN_TONE if part.amount.cents is None else TONES[known % len(TONES)])
        known += part.amount.cents is not None
    return tones


def _bar_label(result: Review) -> str:
    known = [part for part in result.allocations if part.amount.cents is not None]
    parts = ", ".join(f"{part.amount.display} pour {part.label}" for part in known)
    rest = f"{result.unallocated.display} non ventilés"
    return f"Sur {result.envelope.display} : {parts}, {rest}. Le tableau suit."


@blueprint.get("")
@public
def fund() -> str:
    """The fund as published, recomputed, and what our project did with it."""
    now = utcnow()
    result = review(list_records())
    days = read_days(None, None, today=local_day(now))
    return render_template(
        "grants/fund.html",
        review=result,
        bar=_bar(result),
        bar_label=_bar_label(result),
        allocations=list(zip(result.allocations, _tones(result), strict=True)),
        headlines=[f for f in result.figures if f.key.partition("_")[2] in HEADLINES],
        records=list_fund_records(),
        values={record.code: value_text(record) for record in list_records()},
        sources=list_sources(),
        projects=[view_project(project, days, now) for project in list_projects()],
    )


@blueprint.get("/projets/<slug>")
@public
def project(slug: str) -> tuple[str, int]:
    """One project: hours opened and reused, associations, money, over a period."""
    now = utcnow()
    found = get_project(slug)
    days, errors = _read_period(local_day(now))
    scope = site_periods(list_project_links(found.id), days)
    page = render_template(
        "grants/project.html",
        view=view_project(found, days, now),
        errors=errors,
        typed={name: request.args.get(name, "")[:40] for name in PERIOD_FIELDS},
        heat=_heat(list_evenings(scope, now)),
        weekdays=WEEKDAYS,
        evening=EVENING,
    )
    return page, 422 if errors else 200


@blueprint.get("/projets/<slug>/indicateurs.csv")
@public
def project_csv(slug: str) -> Response:
    """The same indicators as a spreadsheet."""
    now = utcnow()
    found = get_project(slug)
    first, last = (request.args.get(name) for name in PERIOD_FIELDS)
    days = read_days(first, last, today=local_day(now), names=PERIOD_FIELDS)
    view = view_project(found, days, now)
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";")
    rows.writerow(
        ["cle", "libelle", "valeur", "unite", "passe", "a_venir", "lignes", "source", "definition",
         "du", "au"]
    )  # fmt: skip
    for figure in view.figures.values():
        rows.writerow(
            [figure.key, figure.label, figure.value, figure.unit, figure.past, figure.upcoming,
             figure.record_count, figure.provenance, figure.definition, days.first, days.last]
        )  # fmt: skip
    name = f"{found.slug}-{days.first}-{days.last}.csv"
    return Response(
        "\ufeff" + text.getvalue(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _read_period(today: date) -> tuple[Days, dict[str, str]]:
    """The period asked for; when it is wrong, the school year and what is wrong."""
    first, last = (request.args.get(name) for name in PERIOD_FIELDS)
    try:
        return read_days(first, last, today=today, names=PERIOD_FIELDS), {}
    except Invalid as error:
        return read_days(None, None, today=today), error.errors


def _heat(evenings: list[tuple[date, int, int, int]]) -> list[tuple[str, list[float | None]]]:
    """Per cent reused by month and weekday; None where nothing was open."""
    rows: dict[date, list[float | None]] = {}
    for month, weekday, opened, reused in evenings:
        row = rows.setdefault(month, [None] * 7)
        share = rate(reused, opened)
        row[weekday - 1] = None if share is None else float(share)
    several = len({month.month for month in rows}) < len(rows)
    return [
        (f"{SHORT_MONTHS[m.month - 1]} {m.year}" if several else SHORT_MONTHS[m.month - 1], row)
        for m, row in sorted(rows.items())
    ]


blueprint.add_app_template_filter(to_hours, "to_hours")

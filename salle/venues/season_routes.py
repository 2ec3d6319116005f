"""The page of a whole season: every room's dates at a glance, and the same as a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from salle.kernel.clock import utcnow
from salle.kernel.errors import Invalid
from salle.venues.forms import RADII, clock_choices
from salle.venues.geocoder import find_geocoder
from salle.venues.places import Place
from salle.venues.results import read_criteria
from salle.venues.routes import KINDS
from salle.venues.season_form import DAYS, SHARES, SeasonForm, asks_no_season
from salle.venues.season_page import (
    SeasonResults,
    find_season_results,
    season_title,
    table_rows,
    weekdays_words,
)
from salle.web.access import public

blueprint = Blueprint("seasons", __name__)

MOST_ROWS = 100
_PAGE = re.compile(r"[1-9][0-9]{0,2}")
# What is told apart from what on the form, when the dates make no season.
FIELDS = {"weekly_until": "jusqu_au", "end": "a", "weekdays": "jours"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the address asks, and the answer when it can be given."""

    form: SeasonForm
    results: SeasonResults | None
    places: list[Place]


def _answer(now: datetime, **page: Any) -> Answer:
    form = SeasonForm(request.args, now)
    places: list[Place] = []
    results = None
    if not asks_no_season(request.args) and form.validate():
        criteria, places = read_criteria(form, find_geocoder())
        season = form.season
        if criteria is not None and season is not None:
            try:
                results = find_season_results(criteria, season, now=now, **page)
            except Invalid as error:
                for field, sentence in error.errors.items():
                    form[FIELDS.get(field, "jusqu_au")].errors = [sentence]
    return Answer(form=form, results=results, places=places)


@blueprint.get("/salles/saison")
@public
def index() -> Response:
    """Rooms × dates of a weekly use, with the reasons of the missing ones and what would work."""
    page = request.args.get("page", "1")
    found = _answer(utcnow(), page=int(page) if _PAGE.fullmatch(page) else 1)
    form, results, season = found.form, found.results, found.form.season
    html = render_template(
        "rooms/season.html",
        form=form,
        results=results,
        title=season_title(results, season) if results and season else "Toute une saison",
        weekdays=weekdays_words(form.weekdays) if form.weekdays else "",
        places=[(p.label, _with(ou=p.label)) for p in found.places] if form.ou.errors else [],
        days=DAYS,
        shares=SHARES,
        kinds=KINDS,
        radii=[(radius, f"{radius} km") for radius in RADII],
        starts=clock_choices(form.de.data),
        ends=clock_choices(form.a.data),
        links=_links(results, form) if results else {},
        one_day=_one_day(form),
    )
    return Response(html, status=422 if form.errors else 200, mimetype="text/html")


@blueprint.get("/salles/saison.csv")
@public
def table() -> Response:
    """The same matrix as a spreadsheet, a hundred rooms at most."""
    found = _answer(utcnow(), limit=MOST_ROWS)
    if found.results is None or found.form.season is None:
        return Response("Cette demande est incomplète.\n", status=422, mimetype="text/plain")
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(table_rows(found.results))
    name = f"saison-{found.form.jour.data}-{found.form.jusqu_au.data}.csv"
    return Response(
        "\ufeff" + text.getvalue(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _with(endpoint: str = "seasons.index", **changes: str) -> str:
    """The address of this season with some answers changed."""
    values: dict[str, Any] = {
        name: [value[:300] for value in given]
        for name, given in request.args.lists()
        if name != "page"
    }
    return url_for(endpoint, **{**values, **changes})


def _links(results: SeasonResults, form: SeasonForm) -> dict[str, Any]:
    """Neighbouring pages, the spreadsheet, and what would work when no room serves enough."""
    wider = next((r for r in RADII if float(r) > float(form.rayon.data)), None)
    return {
        "previous": _with(page=str(results.page - 1)) if results.page > 1 else None,
        "next": _with(page=str(results.page + 1)) if results.has_next else None,
        "table": _with("seasons.table"),
        "fewer": [
            (words, _with(part=value)) for value, words in SHARES if float(value) < form.share
        ],
        "wider": (wider, _with(rayon=wider)) if wider and form.ou.data else None,
        "holidays": None if form.hors_vacances.data else _with(hors_vacances="1"),
    }


def _one_day(form: SeasonForm) -> str:
    """The search of a single date with the same answers."""
    names = [name for name in SeasonForm.NAMES if name in request.args]
    values: dict[str, Any] = {name: request.args.getlist(name) for name in names}
    return url_for("rooms.search", **values)

"""The page where a manager sees and changes the opening hours of a collège."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from salle.accounts.rules import Permission
from salle.bookings.hours_forms import SITE, HoursFileForm, HoursForm, OnceForm, WeeklyForm
from salle.bookings.outside_hours import list_outside_hours
from salle.bookings.quota_changes import get_scope_of_site
from salle.db import transaction
from salle.kernel.clock import local_day, utcnow
from salle.kernel.errors import Conflict, Invalid, NotFound
from salle.kernel.words import pluriel
from salle.venues.hours import Target, add_rules, list_rules, remove_rules
from salle.venues.hours_words import Told, tell
from salle.venues.imports.hours import apply_hours, parse_hours, read_hours, write_hours
from salle.venues.imports.runs import Remark, Report
from salle.venues.models import Room, Site
from salle.venues.queries import list_site_rooms
from salle.venues.rules import Period
from salle.web.access import get_actor, require

blueprint = Blueprint("college_hours", __name__)
MANAGE = Permission.MANAGE_ROOMS
ONCE = {Period.OPEN, Period.CLOSED}
SOON = timedelta(days=731)
MAX_FILE = 1_000_000


@blueprint.get("/college/etablissements/<uai>/horaires")
@require(MANAGE)
def show(uai: str) -> Response:
    """The rules of the site and of each room, and what no longer fits in them."""
    return _render(_managed_site(uai))


@blueprint.post("/college/etablissements/<uai>/horaires/semaine")
@require(MANAGE)
def add_weekly(uai: str) -> Response:
    """Add hours that come back every week."""
    return _add(_managed_site(uai), WeeklyForm(prefix="semaine-"))


@blueprint.post("/college/etablissements/<uai>/horaires/exception")
@require(MANAGE)
def add_once(uai: str) -> Response:
    """Open or close between two days."""
    return _add(_managed_site(uai), OnceForm(prefix="exception-"))


@blueprint.post("/college/etablissements/<uai>/horaires/retirer")
@require(MANAGE)
def remove(uai: str) -> Response:
    """Take rules away, once the manager has read which ones."""
    site, now = _managed_site(uai), utcnow()
    ids = [_read_id(text) for text in request.form.getlist("regle")]
    if request.form.get("sur") != "oui":
        names = {room.id: room.name for room in list_site_rooms([site.id])}
        gone = tell([rule for rule in list_rules(site.id) if rule.id in ids])
        if {id_ for one in gone for id_ in one.ids} != set(ids):
            raise NotFound
        return Response(
            render_template("bookings/hours_remove.html", site=site, gone=gone, names=names),
            mimetype="text/html",
        )
    with transaction():
        count = remove_rules(site.id, ids, actor_id=get_actor().id, now=now)
    flash(f"{pluriel(count, 'règle retirée', 'règles retirées')}.", "ok")
    return _back(uai, now)


@blueprint.post("/college/etablissements/<uai>/horaires/fichier")
@require(MANAGE)
def upload(uai: str) -> Response:
    """Replace the rules of what the file names: this site and its rooms, nothing else."""
    site, form, report, now = _managed_site(uai), HoursFileForm(), Report(), utcnow()
    if not form.validate_on_submit():
        return _render(site, file_form=form)
    try:
        lines = parse_hours(read_hours(form.fichier.data.read(MAX_FILE + 1), MAX_FILE), report)
        with transaction():
            apply_hours(lines, report, now=now, actor_id=get_actor().id, site_id=site.id)
    except Invalid as error:
        form.fichier.errors = [error.message]
        return _render(_managed_site(uai), file_form=form)
    if report.rejects:
        form.fichier.errors = ["Rien n’a été changé\u00a0: corrigez les lignes ci-dessous."]
        return _render(_managed_site(uai), file_form=form, remarks=report.rejects)
    flash(f"Fichier appliqué\u00a0: {report.summary()}.", "ok")
    return _back(uai, now)


@blueprint.get("/college/etablissements/<uai>/horaires.csv")
@require(MANAGE)
def download(uai: str) -> Response:
    """The present rules, as a file that can be changed and sent again."""
    site = _managed_site(uai)
    return Response(
        write_hours(site, list_site_rooms([site.id]), list_rules(site.id)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="horaires-{site.uai}.csv"'},
    )


def _managed_site(uai: str) -> Site:
    return get_scope_of_site(get_actor(), uai)[0]


def _add(site: Site, form: WeeklyForm | OnceForm) -> Response:
    now, uai = utcnow(), site.uai
    _prepare(form, list_site_rooms([site.id]))
    if not form.validate_on_submit():
        return _render(site, form=form)
    chosen = form.pour.data
    target = Target(site.id, None if chosen == SITE else uuid.UUID(chosen))
    try:
        with transaction():
            added = add_rules(target, form.hours(), actor_id=get_actor().id, now=now)
    except (Invalid, Conflict) as error:
        flash(error.message, "error")
        return _back(uai, now)
    if added:
        flash("C’est enregistré, et déjà vu par les recherches.", "ok")
    else:
        flash("Cette règle existait déjà.", "pending")
    return _back(uai, now)


def _back(uai: str, now: datetime) -> Response:
    outside = list_outside_hours(_managed_site(uai).id, now=now)
    if outside:
        flash(
            f"{pluriel(len(outside), 'réservation tombe', 'réservations tombent')} hors des "
            "horaires\u00a0: rien n’est annulé, voyez la liste.",
            "pending",
        )
    return redirect(url_for("college_hours.show", uai=uai), code=303)


def _render(
    site: Site,
    *,
    form: WeeklyForm | OnceForm | None = None,
    file_form: HoursFileForm | None = None,
    remarks: Sequence[Remark] = (),
) -> Response:
    rooms, now = list_site_rooms([site.id]), utcnow()
    weekly = form if isinstance(form, WeeklyForm) else WeeklyForm(None, prefix="semaine-")
    once = form if isinstance(form, OnceForm) else OnceForm(None, prefix="exception-")
    for one in (weekly, once):
        _prepare(one, rooms)
    told = tell(list_rules(site.id))
    today = local_day(now, site.time_zone)
    coming = sorted(
        (one for one in told if one.period in ONCE and not one.is_past(today)), key=_first_day
    )
    owners = [(site.name, None), *((room.name, room.id) for room in rooms)]
    html = render_template(
        "bookings/hours.html",
        site=site,
        rooms=rooms,
        weekly=[(name, id_, _of(told, id_)) for name, id_ in owners],
        soon=[one for one in coming if _first_day(one) <= today + SOON],
        later=[one for one in coming if _first_day(one) > today + SOON],
        names={id_: name for name, id_ in owners},
        outside=list_outside_hours(site.id, now=now),
        form=weekly,
        once=once,
        file_form=file_form or HoursFileForm(None),
        wrong=form or file_form,
        remarks=remarks,
    )
    return Response(html, status=422 if form or file_form else 200, mimetype="text/html")


def _of(told: Sequence[Told], room_id: uuid.UUID | None) -> list[Told]:
    return [one for one in told if one.room_id == room_id and one.period not in ONCE]


def _first_day(told: Told) -> date:
    return told.hours.first or date.min


def _prepare(form: HoursForm, rooms: Sequence[Room]) -> None:
    form.set_rooms([(str(room.id), room.name) for room in rooms])


def _read_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound from None

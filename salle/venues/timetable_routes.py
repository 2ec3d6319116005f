"""Pages of the collège's staff: the timetable of each room, by file or at an address."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from salle.accounts.rules import Permission
from salle.adapters.ical import MAX_BYTES, BadCalendar
from salle.adapters.remote_calendar import NotFetched
from salle.db import transaction
from salle.kernel.clock import utcnow
from salle.kernel.words import pluriel
from salle.venues import feeds
from salle.venues.imports.runs import Report
from salle.venues.imports.timetable import Source, take_calendar
from salle.venues.queries import list_site_ids_for_user
from salle.venues.timetable_forms import AddressForm, FileForm
from salle.venues.timetable_queries import get_timetable, list_timetables
from salle.web.access import get_actor, require

blueprint = Blueprint("timetables", __name__)
MANAGE = Permission.MANAGE_ROOMS


@blueprint.url_value_preprocessor
def _let_calendars_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A calendar may be larger than what other pages accept; its form is small."""
    if endpoint == "timetables.upload":
        request.max_content_length = MAX_BYTES + 100_000


@blueprint.get("/college/emplois-du-temps")
@require(MANAGE)
def index() -> str:
    """The rooms of the collège, each with its timetable."""
    site_ids = list_site_ids_for_user(get_actor(), MANAGE)
    return render_template("rooms/timetables.html", views=list_timetables(site_ids, now=utcnow()))


@blueprint.get("/college/emplois-du-temps/<uuid:room_id>")
@require(MANAGE)
def show(room_id: uuid.UUID) -> Response:
    """One room: its version, its address, what the last reading said."""
    return _render(room_id)


@blueprint.post("/college/emplois-du-temps/<uuid:room_id>/fichier")
@require(MANAGE)
def upload(room_id: uuid.UUID) -> Response:
    """Replace the timetable by that of a file."""
    actor, now, form = get_actor(), utcnow(), FileForm()
    get_timetable(room_id, actor, now=now)
    if not form.validate_on_submit():
        return _render(room_id, file_form=form)
    name = (form.fichier.data.filename or "calendrier.ics")[-200:]
    try:
        report = take_calendar(
            room_id=room_id,
            content=form.fichier.data.read(MAX_BYTES + 1),
            source=Source(name=name, actor_id=actor.id),
            now=now,
            may_empty=bool(form.vider.data),
        )
    except BadCalendar as error:
        form.fichier.errors = [error.message]
        return _render(room_id, file_form=form)
    return _told(room_id, report)


@blueprint.post("/college/emplois-du-temps/<uuid:room_id>/adresse")
@require(MANAGE)
def subscribe(room_id: uuid.UUID) -> Response:
    """Read an address now, then again and again."""
    actor, now, form = get_actor(), utcnow(), AddressForm()
    get_timetable(room_id, actor, now=now)
    if not form.validate_on_submit():
        return _render(room_id, address_form=form)
    try:
        report = feeds.subscribe(
            room_id=room_id, url=form.adresse.data or "", actor_id=actor.id, now=now
        )
    except (NotFetched, BadCalendar) as error:
        form.adresse.errors = [error.message]
        return _render(room_id, address_form=form)
    return _told(room_id, report)


@blueprint.post("/college/emplois-du-temps/<uuid:room_id>/adresse/retirer")
@require(MANAGE)
def unsubscribe(room_id: uuid.UUID) -> Response:
    """Forget the address; the lessons stay."""
    actor, now = get_actor(), utcnow()
    get_timetable(room_id, actor, now=now)
    with transaction():
        feeds.unsubscribe(room_id=room_id, actor_id=actor.id, now=now)
    flash("L’adresse est retirée. Les cours déjà connus restent.", "ok")
    return _back(room_id)


@blueprint.post("/college/emplois-du-temps/<uuid:room_id>/actualiser")
@require(MANAGE)
def refresh(room_id: uuid.UUID) -> Response:
    """Read the address now."""
    actor, now = get_actor(), utcnow()
    get_timetable(room_id, actor, now=now)
    try:
        report = feeds.refresh(room_id=room_id, actor_id=actor.id, now=now)
    except (NotFetched, BadCalendar, feeds.FeedChanged) as error:
        flash(f"{error.message} Les cours déjà connus restent.", "error")
        return _back(room_id)
    if report is not None:
        return _told(room_id, report)
    flash("Rien n’a changé à cette adresse.", "ok")
    return _back(room_id)


def _told(room_id: uuid.UUID, report: Report) -> Response:
    taken = bool(report.outcomes)
    if not taken:
        flash("Rien n’a été changé : un événement est illisible, voyez ci-dessous.", "error")
    elif report.rejects:
        count = pluriel(len(report.rejects), "cours tombe", "cours tombent")
        flash(f"Emploi du temps à jour ; {count} sur une réservation.", "pending")
    else:
        flash("Emploi du temps à jour.", "ok")
    return _back(room_id)


def _back(room_id: uuid.UUID) -> Response:
    return redirect(url_for("timetables.show", room_id=room_id), code=303)


def _render(
    room_id: uuid.UUID,
    *,
    file_form: FileForm | None = None,
    address_form: AddressForm | None = None,
) -> Response:
    view = get_timetable(room_id, get_actor(), now=utcnow())
    wrong = file_form is not None or address_form is not None
    html = render_template(
        "rooms/timetable.html",
        view=view,
        file_form=file_form or FileForm(formdata=None),
        address_form=address_form or AddressForm(formdata=None),
        wrong=file_form or address_form,
        # The address of a refused form is not written back into the page: it is a secret.
    )
    return Response(html, status=422 if wrong else 200, mimetype="text/html")

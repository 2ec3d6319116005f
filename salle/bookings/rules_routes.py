"""Pages where a manager sets the rules of rooms and sites, and quotas of hours."""

from __future__ import annotations

import uuid
from dataclasses import asdict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # stubs are late

from salle.accounts.permissions import has_site_permission
from salle.accounts.rules import Permission
from salle.bookings import quota_changes
from salle.bookings.forms import FrenchForm
from salle.bookings.quota_changes import Scope
from salle.bookings.quotas import Quota, QuotaPeriod, list_quotas
from salle.bookings.rules_forms import ALL, QuotaForm, RoomRulesForm, SiteRulesForm
from salle.db import transaction
from salle.kernel.clock import utcnow
from salle.kernel.errors import DomainError, Invalid, NotAllowed, NotFound
from salle.kernel.words import pluriel
from salle.venues import settings
from salle.venues.buffers import list_short_pauses
from salle.venues.models import Room, Site
from salle.venues.queries import get_site_room, list_site_ids_for_user, list_space_ids
from salle.web.access import get_actor, require

blueprint = Blueprint("college_rules", __name__)
FOLLOW = ("réservation à venir suit", "réservations à venir suivent")


@blueprint.route("/college/salles/<slug>/regles", methods=["GET", "POST"])
@require(Permission.MANAGE_ROOMS)
def room(slug: str) -> str | Response:
    """The rules of one room, their past values, and the uses too close for its pause."""
    found = _managed_room(slug)
    former = _former("room", found.id)
    form = RoomRulesForm(data={**asdict(settings.room_settings(found)), **former})
    if form.validate_on_submit():
        try:
            settings.check_room_settings(form.settings(), found.site)
            with transaction():
                short = settings.change_room(
                    room=found, settings=form.settings(), actor=get_actor(), now=utcnow()
                )
            flash("Les règles de la salle sont enregistrées.", "ok")
            if short:
                flash(
                    f"{pluriel(len(short), *FOLLOW)} une autre de plus près que le "
                    "battement\u00a0: rien n’est annulé, voyez la liste.",
                    "pending",
                )
            return redirect(url_for("college_rules.room", slug=slug), code=303)
        except Invalid as error:
            _show(form, error)
            found = _managed_room(slug)
    html = render_template(
        "bookings/room_rules.html",
        form=form,
        room=found,
        site=found.site,
        changes=settings.list_changes("room", found.id),
        short=list_short_pauses(list_space_ids(found.id), now=utcnow()),
        resuming=bool(former) and request.method == "GET",
    )
    return Response(html, status=422 if form.errors else 200, mimetype="text/html")


@blueprint.route("/college/etablissements/<uai>/regles", methods=["GET", "POST"])
@require(Permission.MANAGE_ROOMS)
def site(uai: str) -> str | Response:
    """People in the building, and the quotas of the site."""
    found, scope = quota_changes.get_scope_of_site(get_actor(), uai)
    former = _former("site", found.id)
    form = SiteRulesForm(data={"max_people": found.max_people, **former})
    if form.validate_on_submit():
        try:
            settings.check_max_people(form.max_people.data)
            with transaction():
                settings.change_site(
                    site=found, max_people=form.max_people.data, actor=get_actor(), now=utcnow()
                )
            flash("Le nombre de personnes dans le bâtiment est enregistré.", "ok")
            return redirect(url_for("college_rules.site", uai=uai), code=303)
        except Invalid as error:
            _show(form, error)
            found, scope = quota_changes.get_scope_of_site(get_actor(), uai)
    return _site_page(found, scope, form, _quota_form(scope), resuming=bool(former))


@blueprint.post("/college/etablissements/<uai>/quotas")
@require(Permission.MANAGE_ROOMS)
def site_quotas(uai: str) -> str | Response:
    """Set or remove a quota of the site."""
    found, scope = quota_changes.get_scope_of_site(get_actor(), uai)
    form = _quota_form(scope)
    if _save_quota(scope, form):
        return redirect(url_for("college_rules.site", uai=uai), code=303)
    found, scope = quota_changes.get_scope_of_site(get_actor(), uai)
    whole = SiteRulesForm(formdata=None, data={"max_people": found.max_people})
    return _site_page(found, scope, whole, form)


@blueprint.route("/territoires/<territory>/quotas", methods=["GET", "POST"])
@require(Permission.MANAGE_ROOMS)
def territory_quotas(territory: str) -> str | Response:
    """The quotas of a territory, over all its sites."""
    found, scope = quota_changes.get_scope_of_territory(get_actor(), territory)
    form = _quota_form(scope)
    if request.method == "POST" and _save_quota(scope, form):
        here = url_for("college_rules.territory_quotas", territory=territory)
        return redirect(here, code=303)
    html = render_template(
        "bookings/territory_quotas.html",
        form=form,
        territory=found,
        quotas=list_quotas(territory_id=scope.territory_id, site_id=None),
        names=_names(scope),
    )
    return Response(html, status=422 if form.errors else 200, mimetype="text/html")


def _site_page(
    site: Site, scope: Scope, form: SiteRulesForm, quota_form: QuotaForm, *, resuming: bool = False
) -> Response:
    html = render_template(
        "bookings/site_rules.html",
        form=form,
        quota_form=quota_form,
        site=site,
        quotas=list_quotas(territory_id=scope.territory_id, site_id=scope.site_id),
        names=_names(scope),
        changes=settings.list_changes("site", site.id),
        resuming=resuming and request.method == "GET",
    )
    wrong = form.errors or quota_form.errors
    return Response(html, status=422 if wrong else 200, mimetype="text/html")


def _managed_room(slug: str) -> Room:
    """The room, for who may manage its site; seen by others of its staff, it is refused."""
    actor = get_actor()
    found = get_site_room(list_site_ids_for_user(actor), slug)
    if not has_site_permission(
        actor, Permission.MANAGE_ROOMS, site_id=found.site_id, territory_id=found.territory_id
    ):
        raise NotAllowed
    return found


def _former(object_type: str, object_id: uuid.UUID) -> dict[str, int | None]:
    """The values that the change `?reprendre=` had replaced: shown again, not yet saved."""
    wanted = request.args.get("reprendre", "")
    for change in settings.list_changes(object_type, object_id):
        if str(change.id) == wanted:
            return {rule: before for rule, (before, _) in change.values.items()}
    return {}


def _names(scope: Scope) -> dict[uuid.UUID, str]:
    return dict(quota_changes.list_organisations(scope.territory_id))


def _quota_form(scope: Scope) -> QuotaForm:
    form = QuotaForm()
    form.organisation.choices = [SelectChoice(ALL, "Chaque association")] + [
        SelectChoice(str(id_), name)
        for id_, name in quota_changes.list_organisations(scope.territory_id)
    ]
    return form


def _save_quota(scope: Scope, form: QuotaForm) -> bool:
    """Remove the quota named by « retirer », or set the one typed; False when it is wrong."""
    if request.form.get("retirer"):
        with transaction():
            quota = quota_changes.remove_quota(
                scope=scope,
                quota_id=_read_id(request.form["retirer"]),
                actor=get_actor(),
                now=utcnow(),
            )
            told = _told(quota)
        flash(f"Quota retiré\u00a0: il était de {told}.", "ok")
        return True
    if not form.validate():
        return False
    period = QuotaPeriod(form.period.data)
    try:
        quota_changes.check_hours(form.hours.data or 0)
        with transaction():
            former = quota_changes.set_quota(
                scope=scope,
                organisation_id=form.organisation_id(),
                period=period,
                hours=form.hours.data or 0,
                actor=get_actor(),
                now=utcnow(),
            )
    except Invalid as error:
        _show(form, error)
        return False
    before = f" Il était de {former} h." if former is not None else ""
    flash(f"Quota de {form.hours.data} h {period.label} enregistré.{before}", "ok")
    return True


def _told(quota: Quota) -> str:
    return f"{quota.hours} h {quota.period.label}"


def _read_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound from None


def _show(form: FrenchForm, error: DomainError) -> None:
    """Put each refusal beside its field."""
    for name, sentence in error.errors.items():
        field = getattr(form, name)
        field.errors = [*field.errors, sentence]

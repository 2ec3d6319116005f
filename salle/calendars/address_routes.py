"""The page of one's calendars: addresses to follow, to change, to take away."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from salle.accounts.models import User
from salle.calendars import service
from salle.calendars.addresses import list_live_addresses, list_offers
from salle.calendars.models import CalendarAddress
from salle.calendars.rules import AddressKind
from salle.db import transaction
from salle.installation import public_url
from salle.kernel.clock import utcnow
from salle.kernel.errors import NotFound
from salle.web.access import get_actor, signed_in

blueprint = Blueprint("calendar_addresses", __name__)

CONTENTS = {
    AddressKind.ORGANISATION: "Vos réservations confirmées\u00a0: salle, adresse, porte, et le lien"
    " vers chaque réservation.",
    AddressKind.CARETAKER: "Ce qu’il y a à ouvrir et à fermer, et à quelle heure, dans les collèges"
    " dont vous gardez les portes.",
    AddressKind.SITE: "Les réservations confirmées du collège\u00a0: association, activité, nombre"
    " de personnes.",
}


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A calendar on the page; without an address it is only proposed."""

    kind: AddressKind
    subject_id: uuid.UUID | None
    name: str
    contents: str
    address: CalendarAddress | None

    @property
    def url(self) -> str:
        """The secret address, for its owner."""
        if self.address is None:
            return ""
        return public_url(f"/calendriers/prive/{service.open_token(self.address)}.ics")

    @property
    def webcal(self) -> str:
        """The address that telephones and mail programs open by themselves."""
        return "webcal://" + self.url.partition("://")[2]


@blueprint.get("/compte/calendriers")
@signed_in
def index() -> str:
    """Every calendar the person may follow, and how to follow it."""
    return render_template("calendars/index.html", calendars=_calendars(get_actor()))


@blueprint.post("/compte/calendriers")
@signed_in
def create() -> Response:
    """Make the address of a calendar; there already, it stays the same."""
    kind, subject_id = _asked()
    with transaction():
        service.create_address(kind=kind, subject_id=subject_id, actor=get_actor(), now=utcnow())
    return _back("L’adresse est prête\u00a0: ajoutez-la à votre agenda.")


@blueprint.post("/compte/calendriers/<uuid:address_id>/changer")
@signed_in
def renew(address_id: uuid.UUID) -> Response:
    """Another address; the former one stops at once."""
    with transaction():
        service.renew_address(address_id=address_id, actor=get_actor(), now=utcnow())
    return _back("L’adresse a changé. L’ancienne ne donne plus rien\u00a0: ajoutez la nouvelle.")


@blueprint.post("/compte/calendriers/<uuid:address_id>/supprimer")
@signed_in
def revoke(address_id: uuid.UUID) -> Response:
    """No address any more."""
    with transaction():
        service.revoke_address(address_id=address_id, actor=get_actor(), now=utcnow())
    return _back(
        "L’adresse est supprimée\u00a0: plus personne ne peut lire ce calendrier avec elle."
    )


def _asked() -> tuple[AddressKind, uuid.UUID | None]:
    subject = request.form.get("sujet", "")
    try:
        return AddressKind(request.form.get("genre", "")), uuid.UUID(subject) if subject else None
    except ValueError:
        raise NotFound from None


def _back(text: str) -> Response:
    flash(text, "ok")
    return redirect(url_for("calendar_addresses.index"), code=303)


def _calendars(actor: User) -> list[Followed]:
    live = {
        (address.kind, address.organisation_id or address.site_id): address
        for address in list_live_addresses(actor.id)
    }
    return [
        Followed(
            kind=offer.kind,
            subject_id=offer.subject_id,
            name=offer.name,
            contents=CONTENTS[offer.kind],
            address=live.get((offer.kind, offer.subject_id)),
        )
        for offer in list_offers(actor)
    ]

"""Who the token speaks for."""

from __future__ import annotations

from flask import Response

from salle.api.core import Blueprint, answer
from salle.organisations.queries import list_memberships
from salle.web.access import get_actor, signed_in

blueprint = Blueprint("api_me", __name__, description="La personne connectée")


@blueprint.get("/me")
@signed_in
def show_me() -> Response:
    """Name, organisations and roles of the person."""
    actor = get_actor()
    return answer(
        {
            "email": actor.email,
            "name": actor.name,
            "organisations": [
                {"id": organisation.id, "name": organisation.name, "role": membership.role.value}
                for organisation, membership in list_memberships(actor.id)
            ],
            "roles": [
                {
                    "role": assignment.role.value,
                    "scope": "site" if assignment.site_id else "territory",
                    "scope_id": assignment.site_id or assignment.territory_id,
                }
                for assignment in actor.roles
            ],
        }
    )

"""What each collège received: the page of its manager and its accountant."""

from __future__ import annotations

from flask import Blueprint, render_template

from salle.accounts.permissions import has_site_permission
from salle.accounts.rules import Permission
from salle.kernel.errors import NotFound
from salle.payments.queries import list_site_payments, map_site_balances, sum_ledger
from salle.venues.queries import get_site_by_uai, list_site_ids_for_user, list_sites
from salle.web.access import get_actor, require

blueprint = Blueprint("payments", __name__)


@blueprint.get("/recettes")
@require(Permission.SEE_SITE_MONEY)
def sites() -> str:
    """The collèges whose money the person may see, with their sums."""
    actor = get_actor()
    allowed = [
        site
        for site in list_sites(list_site_ids_for_user(actor))
        if has_site_permission(
            actor, Permission.SEE_SITE_MONEY, site_id=site.id, territory_id=site.territory_id
        )
    ]
    balances = map_site_balances([site.id for site in allowed])
    return render_template(
        "payments/sites.html", rows=[(site, balances[site.id]) for site in allowed]
    )


@blueprint.get("/recettes/<uai>")
@require(Permission.SEE_SITE_MONEY)
def site(uai: str) -> str:
    """The payments of one collège and where every cent of them is."""
    found, actor = get_site_by_uai(uai), get_actor()
    if not has_site_permission(
        actor, Permission.SEE_SITE_MONEY, site_id=found.id, territory_id=found.territory_id
    ):
        raise NotFound
    return render_template(
        "payments/site.html",
        site=found,
        balances=sum_ledger(site_id=found.id),
        rows=list_site_payments(found.id),
    )

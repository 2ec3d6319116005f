"""The fund, its recomputed review, and what the rooms were used for: public aggregates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response, url_for
from marshmallow import fields, validate

from salle.api.core import MAX_LIMIT, Blueprint, CleanText, StrictSchema, answer, page
from salle.grants.queries import FundedItem, list_funded, list_records, list_sources
from salle.grants.review import review
from salle.kernel.clock import local_day, utcnow
from salle.usage.figures import Figure
from salle.usage.indicators import build_figures
from salle.usage.queries import get_site, list_sites, measure, site_periods
from salle.usage.rules import read_days
from salle.web.access import public

blueprint = Blueprint("api_grants", __name__, description="Le fonds et l’usage des salles")


class PageQuery(StrictSchema):
    """Which part of a list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MAX_LIMIT))
    offset = fields.Integer(load_default=0, validate=validate.Range(min=0, max=1_000_000))


class UsageQuery(StrictSchema):
    """Period (days included; default: the school year) and site (UAI or id)."""

    first = CleanText(data_key="from", load_default=None, max_length=40)
    last = CleanText(data_key="to", load_default=None, max_length=40)
    site = CleanText(load_default=None, max_length=60)


def figure_json(figure: Figure) -> dict[str, Any]:
    """A figure of the contract, with how exactly it is known and how to write it."""
    body: dict[str, Any] = {
        "key": figure.key,
        "label": figure.label,
        "value": _number(figure.value),
        "unit": figure.unit,
        "definition": figure.definition,
        "record_count": figure.record_count,
        "source": figure.provenance,
        "records": list(figure.records),
        "display": figure.display,
        "exactness": figure.exactness.value,
        "calculated": figure.calculated,
    }
    if figure.past is not None:
        body |= {"past": _number(figure.past), "upcoming": _number(figure.upcoming)}
    return body


def _number(value: int | Decimal | str | None) -> int | float | str | None:
    """JSON has no decimals: the only place where one becomes a float, to be written."""
    return float(value) if isinstance(value, Decimal) else value


def _item_json(item: FundedItem) -> dict[str, Any]:
    slug = item.project.slug if item.project is not None else None
    return {
        "id": item.id,
        "slug": slug,
        "name": item.name,
        "operator": item.operator or None,
        "record": item.record_code,
        "amount_cents": item.amount_cents,
        "note": item.note,
        "url": url_for("grants.project", slug=slug) if slug else None,
    }


@blueprint.get("/grants")
@public
@blueprint.arguments(PageQuery, location="query")
def list_grants(query: dict[str, Any]) -> Response:
    """The funded projects; `amount_cents` is null where no amount was published."""
    items = list_funded()
    limit, offset = query["limit"], query["offset"]
    shown = [_item_json(item) for item in items[offset : offset + limit]]
    return answer(page(shown, total=len(items), limit=limit, offset=offset))


@blueprint.get("/grants/review")
@public
def show_review() -> Response:
    """Every figure of the review, recomputed from the records of the fund."""
    result = review(list_records())
    return answer(
        {
            "figures": [figure_json(figure) for figure in result.figures],
            "checks": [
                {
                    "record": check.record.code,
                    "published": check.record.count,
                    "computed": check.computed,
                    "ok": check.ok,
                    "detail": check.sentence,
                }
                for check in result.checks
            ],
            "sources": list_sources(),
        }
    )


@blueprint.get("/usage")
@public
@blueprint.arguments(UsageQuery, location="query")
def show_usage(query: dict[str, Any]) -> Response:
    """Indicators of a period, of every site or of one."""
    now = utcnow()
    days = read_days(query["first"], query["last"], today=local_day(now))
    site = get_site(query["site"]) if query["site"] else None
    sites = [site] if site is not None else list_sites()
    usage = measure(site_periods([(each, None, None) for each in sites], days), now)[0]
    return answer(
        {
            "from": days.first,
            "to": days.last,
            "site": {"id": site.id, "uai": site.uai, "name": site.name} if site else None,
            "figures": [figure_json(figure) for figure in build_figures(usage)],
        }
    )

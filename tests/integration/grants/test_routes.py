"""Pages of the fund and of its project, and the same figures in the API."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from salle.db import db
from salle.grants.models import FundRecord
from salle.grants.seed import load_demo_fund
from salle.venues.models import Site
from tests.integration.usage.conftest import book, pay, world  # noqa: F401 fixtures
from tests.support.html import Page
from tests.support.world import NOW, World, tuesday

Book = Callable[..., Any]
PROJECT = "/fonds/projets/la-salle-sur-demande"


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages read the clock of the fictional world."""
    for module in ("salle.grants.routes", "salle.api.grants"):
        monkeypatch.setattr(f"{module}.utcnow", lambda: NOW)


@pytest.fixture
def fund(client: FlaskClient, world: World) -> World:  # noqa: F811
    """The shipped records, and our project linked to the world's site."""
    load_demo_fund(
        territory_id=world.territory_id, site_ids=[world.site_id], from_day=date(2026, 9, 1)
    )
    return world


def change(code: str, value: str) -> None:
    db.session.execute(sa.update(FundRecord).where(FundRecord.code == code).values(value=value))


def figures(client: FlaskClient, address: str) -> dict[str, dict[str, Any]]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body = answer.get_json()
    return {figure["key"]: figure for figure in body["figures"]}


# The fund's page.


def test_fund_page_prints_the_review_and_says_where_it_comes_from(
    client: FlaskClient, fund: World
) -> None:
    page = Page.of(client.get("/fonds"))
    assert page.h1 == "Le fonds, et ce qu’il allume"
    text = page.text
    for words in (
        "88 M€ programmés, 43,1 M€ ventilés",
        "2 vagues (janvier et novembre 2021) · 131 / 316 · 23,5 M€ · 41,5 % retenus (calculé)",
        "523 lauréats = 386 FranceConnect + 137 API · 2,6 M€ · 4 971 € en moyenne (calculé)",
        "DITP : non communiqué",
        "Plus de 3 200 collectivités",
        "Collec-Data : 281 000 €",
        "Non ventilé 44,9 M€ 51,0 %",
        "deux tiers",
    ):
        assert words in text
    assert "23 500 000" not in text
    assert "dont 4" not in text
    assert "0,00 M€" not in text
    anchors = {link["href"].partition("#")[2] for link in page.all("main a[href*='/fonds#R']")}
    assert anchors <= {str(tag["id"]) for tag in page.all("[id^=R]")}
    assert {"R01", "R02", "R04", "R09", "R22"} <= anchors


def test_fund_page_when_a_record_changes_then_follows(client: FlaskClient, fund: World) -> None:
    change("R01", "90000000")
    change("R12", "262")
    text = Page.of(client.get("/fonds")).text
    assert "90 M€ programmés" in text
    assert "50,0 % retenus (calculé)" in text


def test_fund_page_when_a_check_fails_then_shows_it(client: FlaskClient, fund: World) -> None:
    assert "ne tombe pas juste" not in Page.of(client.get("/fonds")).text
    change("R18", "530")
    text = Page.of(client.get("/fonds")).text
    assert "Un total ne tombe pas juste R16 + R17 donnent 523 mais la fiche R18 publie 530." in text


def test_fund_page_when_nothing_is_loaded_then_says_so(client: FlaskClient) -> None:
    page = Page.of(client.get("/fonds"))
    assert "Les fiches du fonds ne sont pas encore là" in page.text
    assert client.get("/api/v1/grants/review").get_json()["figures"] == []
    assert client.get("/api/v1/grants").get_json() == {"items": [], "total": 0, "next": None}


# The project's page.


def test_project_page_when_nothing_is_booked_then_says_so_and_shows_zeros(
    client: FlaskClient, fund: World
) -> None:
    page = Page.of(client.get(PROJECT))
    assert "Pas encore de réservation" in page.text
    assert "0,00 € gardés par le Département" in page.text
    assert "non communiqué montant attribué par le fonds" in page.text
    assert "— " in page.text or "0,0 %" in page.text


def test_project_page_when_booked_and_paid_then_counts_hours_and_money(
    client: FlaskClient,
    fund: World,
    book: Book,  # noqa: F811
    pay: Book,  # noqa: F811
) -> None:
    pay(book(fund.whole, tuesday(18), tuesday(20)), NOW - timedelta(days=1))
    text = Page.of(client.get(PROJECT)).text
    assert "Pas encore de réservation" not in text
    assert "4 h réutilisées, sur 630 h ouvertes : 0,6 % (en heures-salle)" in text
    assert "0 h déjà passées, 4 h à venir" in text
    assert "1 association accueillie" in text
    assert "24,40 € reçus par les collèges, pour 25,00 € payés par les associations" in text
    assert "0,60 € gardés par le prestataire" in text
    assert "0,00 € gardés par le Département" in text
    fund_text = Page.of(client.get("/fonds")).text
    assert "4 h réutilisées" in fund_text


def test_project_page_when_a_period_is_chosen_then_counts_it_alone(
    client: FlaskClient,
    fund: World,
    book: Book,  # noqa: F811
) -> None:
    book(fund.half_a, tuesday(18), tuesday(20))
    page = Page.of(client.get(f"{PROJECT}?du=2027-01-13&au=2027-01-31"))
    assert "Pas encore de réservation" in page.text
    assert page.one("input[name=du]")["value"] == "2027-01-13"
    assert "Du mercredi 13 janvier 2027" in page.text


def test_project_page_when_the_period_is_wrong_then_says_how_to_write_it(
    client: FlaskClient, fund: World
) -> None:
    page = Page.of(client.get(f"{PROJECT}?du=hier&au=2027-01-31"), status=422)
    assert "Indiquez un jour entre 2000 et 2100" in page.text
    assert page.one("input[name=du]")["value"] == "hier"
    assert page.one("input[name=au]")["value"] == "2027-01-31"
    assert page.title.startswith("Erreur")


@pytest.mark.parametrize("slug", ["inconnu", "x" * 5000, "%00"])
def test_project_page_when_unknown_then_404(client: FlaskClient, fund: World, slug: str) -> None:
    assert client.get(f"/fonds/projets/{slug}").status_code == 404


def test_project_csv_holds_the_same_figures(
    client: FlaskClient,
    fund: World,
    book: Book,  # noqa: F811
) -> None:
    book(fund.half_a, tuesday(18), tuesday(20))
    answer = client.get(f"{PROJECT}/indicateurs.csv?du=2027-01-11&au=2027-01-17")
    text = answer.get_data(as_text=True).removeprefix("\ufeff")
    rows = {row["cle"]: row for row in csv.DictReader(io.StringIO(text), delimiter=";")}
    assert rows["reused_hours"]["valeur"] == "2.00"
    assert rows["department_cents"]["valeur"] == "0"
    assert (rows["reused_hours"]["du"], rows["reused_hours"]["au"]) == ("2027-01-11", "2027-01-17")
    assert client.get(f"{PROJECT}/indicateurs.csv?du=hier").status_code == 422


# The API.


def test_api_review_has_the_shape_of_the_contract(client: FlaskClient, fund: World) -> None:
    found = figures(client, "/api/v1/grants/review")
    expected = {"key", "label", "value", "unit", "definition", "record_count", "source"}
    assert all(expected <= set(figure) for figure in found.values())
    assert found["r01_amount_cents"]["value"] == 8_800_000_000
    assert found["r04_amount_cents"]["value"] is None
    assert found["r04_amount_cents"]["display"] == "non communiqué"
    assert found["r09_amount_cents"]["display"] == "23,5\u00a0M€"
    assert found["unallocated_cents"]["value"] == 4_490_000_000
    assert found["unallocated_share"]["value"] == 51.0
    assert found["r09_funded_rate"]["source"] == "R13, R12"
    assert found["r14_in_production"]["value"] == "2/3"
    change("R16", "400")
    body = client.get("/api/v1/grants/review").get_json()
    assert body["checks"] == [
        {
            "record": "R18", "published": 523, "computed": 537, "ok": False,
            "detail": "R16 + R17 donnent 537 mais la fiche R18 publie 523",
        }
    ]  # fmt: skip


def test_api_grants_lists_projects_with_unknown_amounts_null(
    client: FlaskClient, fund: World
) -> None:
    body = client.get("/api/v1/grants?limit=3").get_json()
    assert body["total"] == 5
    assert body["next"] == "/api/v1/grants?limit=3&offset=3"
    rest = client.get(body["next"]).get_json()
    assert rest["next"] is None
    items = {item["record"]: item for item in body["items"] + rest["items"]}
    assert items["R23"]["amount_cents"] == 28_100_000
    assert items["R22"]["amount_cents"] is None
    assert items["R22"]["url"] == PROJECT
    assert items["R20"]["slug"] is None


def test_api_usage_when_site_and_period_are_given_then_counts_them(
    client: FlaskClient,
    fund: World,
    book: Book,  # noqa: F811
    pay: Book,  # noqa: F811
) -> None:
    pay(book(fund.half_a, tuesday(18), tuesday(20)), NOW)
    site = db.session.get(Site, fund.site_id)
    assert site is not None
    period = "from=2027-01-11&to=2027-01-17"
    for reference in (site.uai, str(site.id)):
        found = figures(client, f"/api/v1/usage?{period}&site={reference}")
        assert found["reused_hours"]["value"] == 2.0
        assert (found["reused_hours"]["past"], found["reused_hours"]["upcoming"]) == (0.0, 2.0)
        assert found["opened_hours"]["value"] == 105.0
        assert found["reuse_rate"]["value"] == 1.9
        assert found["associations_served"]["value"] == 1
        assert found["colleges_cents"]["value"] == 2440
        assert found["department_cents"]["value"] == 0
    body = client.get(f"/api/v1/usage?{period}").get_json()
    assert (body["from"], body["to"], body["site"]) == ("2027-01-11", "2027-01-17", None)
    assert body["figures"][1]["value"] == 2.0
    raw = client.get(f"/api/v1/usage?{period}").get_data(as_text=True)
    assert "Association" not in raw.replace("Associations", "")  # no name of anybody


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ("from=demain", 422, "invalid", "from"),
        ("from=2027-02-01&to=2027-01-01", 422, "invalid", "to"),
        ("to=2027-02-30", 422, "invalid", "to"),
        ("from=%00", 422, "invalid", "from"),
        (f"from={'9' * 100_000}", 422, "invalid", "from"),
        ("site=plage", 422, "invalid", "site"),
        ("site=00000000-0000-4000-8000-000000000000", 404, "not_found", None),
    ],
)
def test_api_usage_when_wrong_then_problem_details_in_french(
    client: FlaskClient, session: None, query: str, status: int, code: str, field: str | None
) -> None:
    answer = client.get(f"/api/v1/usage?{query}")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    body = answer.get_json()
    assert body["code"] == code
    assert body["detail"].endswith(".")
    assert set(body["errors"]) == ({field} if field else set())

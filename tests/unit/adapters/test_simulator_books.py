"""The simulated Stripe's business, with its clock in our hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from salle.demo.simulators.journal import Item, Journal
from salle.demo.simulators.stripe_objects import Books, provider_fee
from salle.demo.simulators.stripe_params import InvalidParams, decode
from salle.demo.simulators.stripe_store import StripeProblem

ACCOUNT = "acct_demo_tilleuls"
START = 1_800_000_000


class Shop:
    def __init__(self, folder: Path) -> None:
        self.now = START
        self.events: list[Item] = []
        self.journal = Journal(folder / "stripe.json")
        self.books = Books(self.journal, on_event=self.events.append, clock=lambda: self.now)

    def open(self, **change: Any) -> Item:
        price = {"currency": "eur", "unit_amount": 1250, "product_data": {"name": "Salle"}}
        params = {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": "https://exemple.invalid/ok",
            "expires_at": START + 1860,
        }
        return self.books.open_session(ACCOUNT, {**params, **change})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path)
    with opened.journal.change():
        yield opened
    opened.journal.close()


@pytest.mark.parametrize(
    ("amount", "fee"), [(50, 26), (100, 27), (500, 33), (1250, 44), (1233, 43), (100_000, 1525)]
)
def test_provider_fee_is_whole_cents_half_up(amount: int, fee: int) -> None:
    assert provider_fee(amount) == fee


def test_session_when_its_time_has_come_then_expires_once(shop: Shop) -> None:
    session = shop.open()
    shop.now = session["expires_at"] - 1
    shop.books.expire_due()
    assert shop.events == []
    shop.now += 1
    shop.books.expire_due()
    shop.books.expire_due()
    assert [event["type"] for event in shop.events] == ["checkout.session.expired"]
    assert shop.books.session(ACCOUNT, session["id"])["status"] == "expired"


def test_session_when_read_late_then_already_expired(shop: Shop) -> None:
    session = shop.open()
    shop.now = session["expires_at"]
    assert shop.books.any_session(session["id"])[1]["status"] == "expired"


@pytest.mark.parametrize("seconds", [0, 1798, 86402])
def test_session_when_expiry_is_outside_what_stripe_takes_then_refused(
    shop: Shop, seconds: int
) -> None:
    with pytest.raises(StripeProblem):
        shop.open(expires_at=START + seconds)


def test_payment_when_made_then_the_account_gets_all_but_the_fee(shop: Shop) -> None:
    session = shop.books.pay(ACCOUNT, shop.open())
    paths = ["payment_intent.latest_charge.balance_transaction"]
    full = shop.books.expand(ACCOUNT, session, paths)
    movement = full["payment_intent"]["latest_charge"]["balance_transaction"]
    assert (movement["amount"], movement["fee"], movement["net"]) == (1250, 44, 1206)
    assert full["payment_intent"]["application_fee_amount"] is None
    assert {event["account"] for event in shop.events} == {ACCOUNT}


@pytest.mark.parametrize(
    "pairs",
    [
        [("", "x")],
        [("[a]", "x")],
        [("a[b", "x")],
        [("a", "x"), ("a[b]", "y")],
        [("a" + "[b]" * 9, "x")],
    ],
)
def test_form_when_its_keys_make_no_sense_then_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidParams):
        decode(pairs)


def test_form_when_nested_then_lists_and_objects() -> None:
    pairs = [("a[1][b]", "2"), ("a[0][b]", "1"), ("c[d][e]", "3"), ("f[]", "4"), ("f[]", "5")]
    assert decode(pairs) == {"a": [{"b": "1"}, {"b": "2"}], "c": {"d": {"e": "3"}}, "f": ["4", "5"]}

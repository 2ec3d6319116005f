"""The floor of a paid hold: one transaction by hand, then the same call to the provider."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg

from bench.client import Client
from bench.provider import PATH

HOLD = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A hold to write by hand; everything about it is known beforehand."""

    room: uuid.UUID
    site: uuid.UUID
    spaces: Sequence[uuid.UUID]
    organisation: uuid.UUID
    user: uuid.UUID
    tariff: uuid.UUID
    account: str
    slots: Sequence[tuple[datetime, datetime]]
    cents: int
    full_cents: int
    rule: str
    now: datetime


_HOLD = """
WITH booked AS (
  INSERT INTO booking (id, reference, room_id, organisation_id, created_by_id, state, purpose,
         headcount, price_cents, full_value_cents, price_rule, tariff_id, hold_expires_at,
         created_at)
  VALUES (%(booking)s, %(reference)s, %(room)s, %(organisation)s, %(user)s, 'held',
         'Entraînement', 12, %(total)s, %(full_total)s, %(rule)s, %(tariff)s, %(expires)s, %(now)s)
  RETURNING id
), dated AS (
  INSERT INTO booking_date (id, booking_id, starts_at, ends_at, state, price_cents,
         full_value_cents)
  SELECT date, booked.id, low, high, 'held', %(cents)s, %(full_cents)s
    FROM booked, unnest(%(dates)s::uuid[], %(lows)s::timestamptz[], %(highs)s::timestamptz[])
         slot (date, low, high)
  RETURNING id, starts_at, ends_at
), taken AS (
  INSERT INTO occupation (space_id, kind, starts_at, ends_at, frees_at, booking_date_id)
  SELECT space, 'hold', starts_at, ends_at, ends_at, dated.id
    FROM dated, unnest(%(spaces)s::uuid[]) space ORDER BY space, starts_at
), told AS (
  INSERT INTO booking_event (booking_id, actor_id, to_state, at)
  SELECT id, %(user)s, 'held', %(now)s FROM booked
), noted AS (
  INSERT INTO audit_event (at, actor_id, action, object_type, object_id, details)
  SELECT %(now)s, %(user)s, 'booking.created', 'booking', id::text,
         jsonb_build_object('price_cents', %(total)s::int) FROM booked
), paid AS (
  INSERT INTO payment (id, booking_id, site_id, provider, account, amount_cents, state, created_at)
  SELECT %(payment)s, id, %(site)s, 'stripe', %(account)s, %(total)s, 'created', %(now)s
    FROM booked
)
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, scheduled_at)
VALUES ('default', 'bookings.expire', %(args)s::jsonb, 'todo', %(expires)s)
"""
_ATTACH = """
UPDATE payment SET state = 'pending', session_id = %s, checkout_url = %s
 WHERE id = %s AND state = 'created'
"""


def hold(
    connection: psycopg.Connection[Any], provider: Client, wanted: Wanted
) -> tuple[uuid.UUID, str]:
    """(booking, address of the checkout page): locked, written, committed, then the provider."""
    booking, payment = uuid.uuid4(), uuid.uuid4()
    total = wanted.cents * len(wanted.slots)
    with connection.transaction():
        connection.execute(
            "SELECT id FROM space WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE",
            [list(wanted.spaces)],
        )
        connection.execute(
            _HOLD,
            {
                **vars(wanted),
                "booking": booking,
                "payment": payment,
                "reference": f"F-{booking.hex[:12]}",
                "total": total,
                "full_total": wanted.full_cents * len(wanted.slots),
                "expires": wanted.now + HOLD,
                "spaces": list(wanted.spaces),
                "dates": [uuid.uuid4() for _ in wanted.slots],
                "lows": [low for low, _ in wanted.slots],
                "highs": [high for _, high in wanted.slots],
                "args": json.dumps({"booking_id": str(booking)}),
            },
        )
    session = ask_checkout(provider, payment, total)
    connection.execute(_ATTACH, [session["id"], session["url"], payment])
    return booking, session["url"]


def ask_checkout(provider: Client, payment: uuid.UUID, cents: int) -> dict[str, Any]:
    """What the provider must know to be paid, by a plain request."""
    form = {
        "mode": "payment",
        "line_items[0][quantity]": 1,
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": cents,
        "line_items[0][price_data][product_data][name]": "Salle",
        "client_reference_id": payment,
        "success_url": "http://127.0.0.1/paye",
        "cancel_url": "http://127.0.0.1/annule",
    }
    status, body = provider.send(
        "POST",
        PATH,
        body=urlencode(form).encode(),
        headers=f"Idempotency-Key: {payment}\r\n",
        content_type="application/x-www-form-urlencoded",
    )
    if status != 200:
        raise ConnectionError(f"the provider answers {status}")
    session: dict[str, Any] = json.loads(body)
    return session

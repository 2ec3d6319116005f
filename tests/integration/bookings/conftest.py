"""What tests of bookings share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from salle.adapters.stripe_gateway import FakeGateway
from salle.payments.gateway import KEY


@pytest.fixture
def gateway(app: Flask) -> Iterator[FakeGateway]:
    """A payment provider in memory."""
    fake, real = FakeGateway(), app.extensions[KEY]
    app.extensions[KEY] = fake
    yield fake
    app.extensions[KEY] = real

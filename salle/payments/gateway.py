"""The payment provider of this installation: chosen once, known by its interface only."""

from __future__ import annotations

from flask import Flask, current_app

from salle.adapters.payment_gateway import PaymentGateway
from salle.adapters.stripe_gateway import StripeGateway

KEY = "payment_gateway"


def init_gateway(app: Flask) -> None:
    """Install the provider named by the settings; tests put their double in its place."""
    app.extensions[KEY] = StripeGateway.from_config(app.config)


def get_gateway() -> PaymentGateway:
    """The provider to call, never inside a transaction."""
    gateway: PaymentGateway = current_app.extensions[KEY]
    return gateway

"""What must be in place before the demonstration serves: migrations, fictional data."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from flask_migrate import upgrade

from config import Config
from salle.db import db
from salle.demo.life import pay_at_simulator
from salle.demo.seed import seed
from salle.kernel.clock import utcnow


def prepare(config: Config, step: Callable[[str], AbstractContextManager[None]]) -> None:
    """Migrate the database to head and put the demonstration's data in place."""
    from salle import create_app  # late: salle.cli, which it imports, names this package

    app = create_app(config)
    with app.app_context():
        try:
            with step("mise à jour de la base"):
                upgrade()
            with step("données de démonstration"):
                seed(now=utcnow(), pay=None if config.stripe_api_base is None else pay_at_simulator)
        finally:
            db.session.remove()
            db.engine.dispose()

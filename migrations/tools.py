"""What several migrations need."""

from __future__ import annotations

from alembic import op


def run_script(sql: str) -> None:
    """Run several statements at once, in the migration's transaction (`%` needs no escape)."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 an open connection has its driver
    driver.execute(sql, prepare=False)

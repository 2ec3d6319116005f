"""Migrations go up and down, have one head, and agree with the models to the last constraint."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from procrastinate.schema import SchemaManager

from config import ROOT
from salle import create_app, postgres, schema
from salle.db import db, known_constraints
from tests.conftest import test_config as make_config
from tests.support.database import create_database, drop_database


def dump(url: str) -> str:
    """The schema as pg_dump writes it, without what differs from run to run."""
    parts = sa.make_url(url)
    result = subprocess.run(
        [
            str(postgres.binary("pg_dump")),
            "--schema-only",
            "--no-owner",
            "--restrict-key=x",
            "--exclude-table=alembic_version",
            f"--dbname={parts.set(drivername='postgresql').render_as_string(hide_password=False)}",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    # pg_dump 18 reads a number out of thin air from PostgreSQL 15: not ours, not stable.
    return re.sub(r"^.*pg_attver=.*\n", "", result.stdout, flags=re.MULTILINE)


def test_migrations_have_one_head() -> None:
    assert len(ScriptDirectory(str(ROOT / "migrations")).get_heads()) == 1


def test_migrated_schema_equals_models(server_url: str, fresh_database: str) -> None:
    url = create_database(server_url)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        schema.create_all(connection)
        schema.run_script(connection, SchemaManager.get_schema())
    engine.dispose()
    try:
        assert dump(fresh_database) == dump(url)
    finally:
        drop_database(url)


def test_down_to_nothing_then_up_again(fresh_database: str, tmp_path: Path) -> None:
    before = dump(fresh_database)
    app = create_app(make_config(fresh_database, tmp_path))
    with app.app_context():
        downgrade(revision="base")
        left = db.session.scalars(
            sa.text(
                "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND relkind = 'r' AND relname <> 'alembic_version'"
            )
        ).all()
        functions = db.session.scalar(
            sa.text(
                "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                " LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'"
                " WHERE n.nspname = 'public' AND d.objid IS NULL"
            )
        )
        db.session.remove()
        assert (left, functions) == ([], 0)
        upgrade()
        db.session.remove()
        db.engine.dispose()
    assert dump(fresh_database) == before


def test_every_constraint_with_a_sentence_exists(fresh_app: object) -> None:
    with fresh_app.app_context():  # type: ignore[attr-defined]
        existing = set(
            db.session.scalars(
                sa.text(
                    "SELECT conname FROM pg_constraint UNION SELECT relname FROM pg_class"
                    " WHERE relkind = 'i'"
                )
            )
        ) | {"tr_ledger_entry_append_only", "tr_ledger_entry_balanced"}
    missing = known_constraints() - existing
    assert not missing, f"no such constraint: {missing}"
    assert "ex_occupation_no_overlap" in known_constraints()


@pytest.mark.parametrize("revision", ["0005_availability"])
def test_functions_are_those_of_the_product(revision: str) -> None:
    text = (ROOT / "migrations" / "versions" / f"{revision}.py").read_text()
    for path in schema.SQL_FILES[:1]:
        assert path.read_text() in text

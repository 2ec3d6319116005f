"""The `salle` command line: each domain brings its own group."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import click
from flask import Flask
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import DBAPIError, OperationalError

from config import ConfigError
from salle.demo.cli import demo
from salle.grants.cli import import_fund
from salle.kernel.errors import DomainError
from salle.payments.cli import import_rooms
from salle.venues.cli import (
    import_directory,
    import_hours,
    import_school_calendar,
    import_timetable,
)


def init_cli(app: Flask) -> None:
    """Flask's own command line stays as it is; ours is `main`."""
    app.cli.short_help = "La salle sur demande"


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command inside the application, with its database started."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        from salle.runtime import open_app  # late: `salle demo` must start without a database

        with open_app() as app, app.app_context():
            return command(*args, **kwargs)

    return update_wrapper(wrapper, command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """La salle sur demande : commandes d’installation et d’exploitation."""


def in_app(command: click.Command) -> click.Command:
    """A domain's command, run inside the application."""
    if command.callback is not None:
        command.callback = with_app(command.callback)
    return command


@cli.group("import")
def importing() -> None:
    """Importe des fichiers officiels."""


@cli.command("token")
@click.argument("email")
@with_app
def token(email: str) -> None:
    """Affiche un jeton d’accès à l’API pour le compte EMAIL."""
    from salle.accounts.service import issue_api_token
    from salle.db import transaction
    from salle.kernel.clock import utcnow

    with transaction():
        issued = issue_api_token(email=email, now=utcnow())
    click.echo(issued)


@cli.command("migrate")
@with_app
def migrate() -> None:
    """Met la base de données à jour."""
    from flask_migrate import upgrade

    upgrade()
    click.echo("Base de données à jour.")


@cli.command("worker")
def worker() -> None:
    """Fait les tâches de fond (messages, délais, codes) jusqu’à l’arrêt."""
    from salle.runtime import open_app
    from salle.worker import run

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the worker takes over
    with open_app() as app:
        run(app)


cli.add_command(demo)
importing.add_command(in_app(import_fund))
importing.add_command(in_app(import_directory))
importing.add_command(in_app(import_school_calendar))
importing.add_command(in_app(import_timetable))
importing.add_command(in_app(import_hours))
importing.add_command(in_app(import_rooms))


def _database_sentence(error: DBAPIError) -> str:
    """What is wrong with the database, and what repairs it; anything else is a defect of ours."""
    if isinstance(error.orig, UndefinedTable | UndefinedColumn):
        return "La base de données n’est pas à jour : lancez d’abord « salle migrate »."
    if isinstance(error, OperationalError):
        return "La base de données ne répond pas : vérifiez DATABASE_URL et que le serveur tourne."
    raise error


def main() -> None:
    """Entry point: errors of the domain and of the settings are one French line, exit 1."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except DBAPIError as error:
        click.echo(_database_sentence(error), err=True)
        sys.exit(1)
    except (DomainError, ConfigError) as error:
        click.echo(getattr(error, "message", str(error)), err=True)
        sys.exit(1)

"""`salle demo`."""

from __future__ import annotations

import os
import sys

import click


@click.command("demo")
def demo() -> None:
    """Lance la démonstration : service, tâches de fond, simulateurs, données fictives."""
    from salle.demo.supervisor import run_demo  # late: the other commands do not need it

    sys.exit(run_demo(os.environ))

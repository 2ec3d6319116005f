"""Running `salle import …` inside the test's own session."""

from __future__ import annotations

import copy
import inspect
from pathlib import Path

import click
from click.testing import CliRunner, Result

DATA = Path(__file__).resolve().parents[1] / "data"


def run(command: click.Command, *args: object) -> Result:
    """Call the command as typed, in the current application; errors of the domain come out."""
    bare = copy.copy(command)
    bare.callback = inspect.unwrap(command.callback) if command.callback else None
    result = CliRunner().invoke(bare, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result

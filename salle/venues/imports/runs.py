"""Running an import: one transaction, a progress bar, a report of every line."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import click
from sqlalchemy.exc import DBAPIError

from salle.db import db, transaction, translate
from salle.kernel.enums import LabelledEnum
from salle.kernel.errors import DomainError, Unavailable
from salle.venues.imports.tables import Row

PARTIAL = 3  # exit code: imported, except rejected lines
MAX_SHOWN = 200

Item = TypeVar("Item")


class Outcome(LabelledEnum):
    """What became of one line."""

    CREATED = "created", "créé"
    UPDATED = "updated", "modifié"
    UNCHANGED = "unchanged", "inchangé"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about a line of the file (0 = about the whole file)."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"Ligne {self.line} : {self.text}" if self.line else self.text


@dataclass
class Report:
    """What an import did, line by line."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rejects: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    removed: int = 0

    def count(self, outcome: Outcome, number: int = 1) -> None:
        """Add lines to the count of an outcome."""
        self.outcomes[outcome] += number

    def reject(self, line: int, reason: str) -> None:
        """A line that was not taken, and why."""
        self.rejects.append(Remark(line, reason))

    def warn(self, line: int, text: str) -> None:
        """A line that was taken, with a reserve."""
        self.warnings.append(Remark(line, text))

    def summary(self) -> str:
        """« 60 créés, 2 modifiés, 0 inchangé, 1 rejeté »."""
        counts = [(self.outcomes[outcome], outcome.label) for outcome in Outcome]
        counts.append((len(self.rejects), "rejeté"))
        if self.removed:
            counts.append((self.removed, "retiré"))
        return ", ".join(f"{number} {word}{'s' * (number > 1)}" for number, word in counts)


def run_import(
    rows: Sequence[Row],
    *,
    label: str,
    parse: Callable[[Row], Item | None],
    store: Callable[[Item], Outcome],
    report: Report | None = None,
    prepare: Callable[[], None] | None = None,
    finish: Callable[[], None] | None = None,
) -> Report:
    """`prepare`, read and store every line, `finish`: one transaction.

    `parse` is pure: it returns None for a line that does not concern us, and raises a
    DomainError for one that is wrong. `store` writes; its DomainError undoes that line only.
    A rejected line never prevents the others; any other error leaves nothing behind.
    """
    report = report or Report()
    with transaction():
        if prepare is not None:
            prepare()
        with click.progressbar(rows, label=label, file=sys.stderr, width=24) as steps:
            for row in steps:
                try:
                    _one(row, parse, store, report)
                except Unavailable:
                    raise
                except DomainError as error:
                    report.reject(row.line, error.message)
        if finish is not None:
            finish()
    return report


def _one(
    row: Row,
    parse: Callable[[Row], Item | None],
    store: Callable[[Item], Outcome],
    report: Report,
) -> None:
    item = parse(row)
    if item is None:
        return
    try:
        with db.session.begin_nested():
            outcome = store(item)
    except DBAPIError as error:
        known = translate(error)
        if known is None:
            raise
        raise known from error
    report.count(outcome)


def conclude(report: Report, *, whole: bool = False) -> None:
    """Print the final count, rejects and warnings on stderr; exit 3 if a line was rejected.

    `whole`: one rejected line refuses the file, hence nothing was applied, and the exit is 1.
    """
    click.echo(f"{report.summary()}.")
    if whole and report.rejects:
        click.echo("Rien n’a été appliqué : corrigez le fichier et importez-le à nouveau.")
    for title, remarks in (("Rejeté", report.rejects), ("Attention", report.warnings)):
        for remark in sorted(remarks, key=lambda one: one.line)[:MAX_SHOWN]:
            click.echo(f"{title} — {remark}", err=True)
        if len(remarks) > MAX_SHOWN:
            click.echo(f"{title} — et {len(remarks) - MAX_SHOWN} autres lignes.", err=True)
    if report.rejects:
        sys.exit(1 if whole else PARTIAL)

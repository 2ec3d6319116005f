"""`salle import fonds FILE`: the records of the fund that paid for the service."""

from __future__ import annotations

from pathlib import Path

import click

from salle.db import transaction
from salle.grants.imports import Parsed, decode, parse
from salle.grants.queries import list_fund_records
from salle.grants.service import FundReport, import_steps

MAX_SHOWN = 50


def run_import(path: Path, source: str) -> FundReport:
    """Read the file and write its valid records in one transaction, with a progress bar."""
    text = decode(path.read_bytes())
    with transaction():
        parsed = parse(text, known=[row.code for row in list_fund_records()])
        report = FundReport(rejects=tuple(parsed.rejects))
        _write(parsed, source or path.name, report)
    return report


def _write(parsed: Parsed, source: str, report: FundReport) -> None:
    steps = import_steps(parsed, source=source, report=report)
    total = len(parsed.records)
    with click.progressbar(steps, length=total, label="Fiches du fonds", width=24) as bar:
        for _ in bar:
            pass


def print_report(report: FundReport) -> None:
    """The count of each outcome, then every rejected line with its reason."""
    click.echo(
        f"Fiches : {report.created} créées, {report.updated} mises à jour, "
        f"{report.unchanged} inchangées, {len(report.rejects)} rejetées."
    )
    for reject in report.rejects[:MAX_SHOWN]:
        click.echo(f"  ligne {reject.line} : {reject.reason}", err=True)
    if len(report.rejects) > MAX_SHOWN:
        click.echo(f"  … et {len(report.rejects) - MAX_SHOWN} autres lignes.", err=True)


@click.command("fonds")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", help="D’où viennent ces chiffres (sinon : nom du fichier).")
def import_fund(file: Path, source: str) -> None:
    """Importe les fiches d’un fonds (CSV : id, kind, parent, operator, label…)."""
    report = run_import(file, source)
    print_report(report)
    if report.rejects and not (report.created or report.updated or report.unchanged):
        raise click.ClickException("Aucune fiche n’a été importée.")

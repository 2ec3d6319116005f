"""`salle import fonds FICHIER`: the records of the fund that paid for the service."""

from __future__ import annotations

from pathlib import Path

import click

from salle.grants.imports import open_fund
from salle.grants.service import FundImport
from salle.venues.imports.runs import conclude, run_import


@click.command("fonds")
@click.argument("file", metavar="FICHIER", type=click.Path(path_type=Path))
@click.option("--source", default="", help="D’où viennent ces chiffres (sinon : nom du fichier).")
def import_fund(file: Path, source: str) -> None:
    """Importe les fiches d’un fonds (CSV : id, kind, parent, operator, label…).

    Une valeur inconnue reste inconnue. Code de sortie : 0 si tout est pris, 1 si le fichier
    est inutilisable, 3 si des lignes ont été rejetées.
    """
    rows = open_fund(file)
    work = FundImport(rows, source=source or file.name)
    conclude(
        run_import(
            rows,
            label="Fiches du fonds",
            prepare=work.prepare,
            parse=work.parse,
            store=work.store,
        )
    )

"""`salle import salles`: rooms with their prices (prices belong to payments)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from salle.kernel.clock import local_day, utcnow
from salle.payments.tariffs import has_price, set_hourly_price
from salle.venues.imports.rooms import RoomsImport, open_rooms
from salle.venues.imports.runs import Report, conclude, run_import


@click.command("salles")
@click.argument("file", metavar="FICHIER", type=click.Path(path_type=Path))
def import_rooms(file: Path) -> None:
    """Importe des salles et leurs tarifs (CSV).

    Colonnes : uai;salle;nom;type;capacite;parties;tarif_horaire_centimes. Une salle complète
    est publiée. Code de sortie : 0 si tout est pris, 1 si le fichier est inutilisable, 3 si
    des lignes ont été rejetées.
    """
    now, report = utcnow(), Report()
    today = local_day(now)
    work = RoomsImport(
        now=now,
        report=report,
        set_price=partial(set_hourly_price, today=today),
        has_price=partial(has_price, today=today),
    )
    run_import(open_rooms(file), label="Salles", report=report, parse=work.parse, store=work.store)
    conclude(report)

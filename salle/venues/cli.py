"""`salle import …` for sites, school calendars, opening hours and timetables."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import click

from salle.db import transaction
from salle.kernel.clock import local_day, utcnow
from salle.venues.imports.academies import department_code
from salle.venues.imports.directory import DirectoryImport, open_directory
from salle.venues.imports.hours import apply_hours, open_hours, parse_hours
from salle.venues.imports.runs import Report, conclude, run_import
from salle.venues.imports.school_calendar import CalendarImport, open_calendar
from salle.venues.imports.timetable import find_room_to_fill, read_timetable, store_timetable

FILE = click.argument("file", metavar="FICHIER", type=click.Path(path_type=Path))


@click.command("annuaire")
@FILE
@click.option("--departement", metavar="CODE", help="Un seul département, par exemple 035 ou 35.")
def import_directory(file: Path, departement: str | None) -> None:
    """Importe les collèges publics de l’annuaire (CSV).

    Un collège qui a fermé est marqué comme tel, aucun n’est supprimé. Code de sortie : 0 si
    tout est pris, 1 si le fichier est inutilisable, 3 si des lignes ont été rejetées.
    """
    report = Report()
    work = DirectoryImport(
        today=local_day(utcnow()),
        report=report,
        department=department_code(departement) if departement else None,
    )
    run_import(
        open_directory(file),
        label="Collèges",
        report=report,
        prepare=work.prepare,
        parse=work.parse,
        store=work.store,
        finish=work.finish,
    )
    conclude(report)


@click.command("calendrier-scolaire")
@FILE
def import_school_calendar(file: Path) -> None:
    """Importe le calendrier scolaire (CSV).

    Les ouvertures des collèges concernés sont recalculées. Mêmes codes de sortie que
    « salle import annuaire ».
    """
    work = CalendarImport(source=file.name)
    conclude(
        run_import(
            open_calendar(file),
            label="Vacances",
            parse=work.parse,
            store=work.store,
            finish=partial(work.finish, local_day(utcnow())),
        )
    )


@click.command("emploi-du-temps")
@FILE
@click.option("--room", "slug", metavar="SALLE", required=True, help="Identifiant de la salle.")
@click.option("--territoire", metavar="IDENTIFIANT", help="Si deux territoires ont cette salle.")
@click.option("--vider", is_flag=True, help="Accepte un calendrier sans aucun cours.")
def import_timetable(file: Path, slug: str, territoire: str | None, vider: bool) -> None:
    """Importe l’emploi du temps d’une salle (iCalendar .ics).

    Ces heures deviennent du temps scolaire, à la place de la version précédente. Un cours au
    même moment qu’une réservation est rejeté, les autres sont pris. Un fichier dont un événement
    est illisible, ou sans aucun cours, ne change rien. Mêmes codes de sortie que
    « salle import annuaire ».
    """
    now = utcnow()
    room, site = find_room_to_fill(slug, territoire)
    with click.progressbar(length=2, label="Emploi du temps", file=sys.stderr, width=24) as bar:
        content, reading = read_timetable(file, zone_name=site.time_zone, now=now)
        bar.update(1)
        report = store_timetable(
            room=room,
            zone_name=site.time_zone,
            file_name=file.name,
            content=content,
            reading=reading,
            now=now,
            may_empty=vider,
        )
        bar.update(1)
    conclude(report)


@click.command("horaires")
@FILE
@click.option("--territoire", metavar="IDENTIFIANT", help="Si deux territoires ont cette salle.")
def import_hours(file: Path, territoire: str | None) -> None:
    """Importe les horaires d’ouverture de salles et de collèges (CSV).

    Colonnes : salle;periode;jour;debut;fin;du;au (et motif, facultatif). « salle » est
    l’identifiant d’une salle, ou site:UAI pour les horaires du collège. Le fichier remplace tous
    les horaires des salles et des collèges qu’il nomme. Une ligne fausse est montrée avec son
    numéro, et rien du fichier n’est appliqué. Code de sortie : 0 si tout est pris, 1 sinon.
    """
    report, rows = Report(), open_hours(file)
    with click.progressbar(rows, label="Lecture", file=sys.stderr, width=24) as lines:
        hours = parse_hours(lines, report)
    with transaction():
        apply_hours(hours, report, now=utcnow(), territory=territoire, steps=_layout_steps)
    conclude(report, whole=True)


def _layout_steps(chunks: Sequence[list[uuid.UUID]]) -> Iterator[list[uuid.UUID]]:
    with click.progressbar(chunks, label="Ouvertures", file=sys.stderr, width=24) as steps:
        yield from steps

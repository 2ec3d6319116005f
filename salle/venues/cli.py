"""`salle import …` for sites, school calendars, opening hours and timetables."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from salle.db import transaction
from salle.kernel.clock import local_day, utcnow
from salle.venues.feeds import subscribe
from salle.venues.imports.academies import department_code
from salle.venues.imports.directory import DirectoryImport, open_directory
from salle.venues.imports.hours import apply_hours, open_hours, parse_hours
from salle.venues.imports.runs import Report, conclude, run_import
from salle.venues.imports.school_calendar import CalendarImport, open_calendar
from salle.venues.imports.timetable import (
    EmptyTimetable,
    Source,
    find_room_to_fill,
    read_file,
    take_calendar,
)

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
@click.argument("file", metavar="[FICHIER]", required=False)
@click.option("--room", "slug", metavar="SALLE", required=True, help="Identifiant de la salle.")
@click.option("--url", metavar="ADRESSE", help="Adresse à relire, au lieu d’un fichier.")
@click.option("--vider", is_flag=True, help="Accepte un calendrier sans aucun cours.")
def import_timetable(file: str | None, slug: str, url: str | None, vider: bool) -> None:
    """Importe l’emploi du temps d’une salle (iCalendar .ics).

    Ces heures deviennent du temps scolaire, à la place de la version précédente. Un cours au
    même moment qu’une réservation est rejeté, les autres sont pris. Un fichier dont un événement
    est illisible, ou sans aucun cours, ne change rien. À la place d’un fichier, une adresse
    https:// ou webcal:// est lue tout de suite puis toutes les quatre heures. Mêmes codes de
    sortie que « salle import annuaire ».
    """
    if file is not None and "://" in file:
        file, url = None, url or file
    if (file is None) == (url is None):
        raise click.UsageError("Indiquez un fichier ou une adresse, et un seul des deux.")
    now = utcnow()
    with transaction():
        room_id = find_room_to_fill(slug).id
    with click.progressbar(length=1, label="Emploi du temps", file=sys.stderr, width=24) as bar:
        if url is not None:
            report = subscribe(room_id=room_id, url=url, actor_id=None, now=now)
        else:
            report = _take_file(Path(str(file)), room_id, now, vider)
        bar.update(1)
    conclude(report)


def _take_file(file: Path, room_id: uuid.UUID, now: datetime, may_empty: bool) -> Report:
    try:
        return take_calendar(
            room_id=room_id,
            content=read_file(file),
            source=Source(name=file.name),
            now=now,
            may_empty=may_empty,
        )
    except EmptyTimetable as error:
        raise EmptyTimetable(f"{error.message} Pour le vider vraiment, ajoutez --vider.") from None


@click.command("horaires")
@FILE
def import_hours(file: Path) -> None:
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
        apply_hours(hours, report, now=utcnow(), steps=_layout_steps)
    conclude(report, whole=True)


def _layout_steps(chunks: Sequence[list[uuid.UUID]]) -> Iterator[list[uuid.UUID]]:
    with click.progressbar(chunks, label="Ouvertures", file=sys.stderr, width=24) as steps:
        yield from steps

"""Reading a table that a person or a public site gives us: CSV of any usual make."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from salle.kernel.errors import Invalid
from salle.kernel.french import slugify

MAX_BYTES = 200_000_000
DELIMITERS = ";,\t"
Aliases = Mapping[str, Collection[str]]

# What the first bytes of a file that is not text say of it.
_SIGNATURES = {
    b"PK\x03\x04": "un classeur (XLSX ou ODS)",
    b"\xd0\xcf\x11\xe0": "un classeur Excel (XLS)",
    b"%PDF": "un document PDF",
    b"\x1f\x8b": "un fichier compressé",
}


class UnusableFile(Invalid):
    """Nothing can be read from the file: it is refused whole."""

    code = "unusable_file"
    message = "Ce fichier ne peut pas être lu."


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: its number in the file, and its cells by column name."""

    line: int
    cells: Mapping[str, str]
    problem: str | None = None

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_bytes(path: Path, *, at_most: int = MAX_BYTES) -> bytes:
    """The content of the file; UnusableFile if it is absent, empty or too big."""
    try:
        if path.stat().st_size > at_most:
            raise UnusableFile(f"Le fichier dépasse {at_most // 1_000_000} Mo.")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UnusableFile(f"Fichier introuvable : {path.name}") from error
    except OSError as error:
        raise UnusableFile(f"Le fichier {path.name} ne peut pas être ouvert.") from error
    if not content.strip():
        raise UnusableFile("Le fichier est vide.")
    return content


def decode(content: bytes) -> str:
    """Text in UTF-8 (with or without BOM), UTF-16 with BOM, or Windows-1252."""
    for signature, nature in _SIGNATURES.items():
        if content.startswith(signature):
            raise UnusableFile(
                f"Ce fichier est {nature}, pas un fichier CSV. "
                "Ouvrez-le dans un tableur et enregistrez-le au format CSV."
            )
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _decode_windows(content)
    if "\0" in text:
        raise UnusableFile("Ce fichier n’est pas un fichier texte (il contient des octets nuls).")
    return text


def open_table(
    path: Path,
    *,
    required: Collection[str],
    optional: Collection[str] = (),
    aliases: Aliases | None = None,
) -> list[Row]:
    """The lines of a CSV file, with the cells of the wanted columns only.

    Column names are compared without accents, case, spaces or underscores, and may have
    aliases. The delimiter is the one that finds the most wanted columns. Blank lines are
    left out; a line with more or fewer cells than the header has its `problem` told.
    Raises UnusableFile when the file is not such a table.
    """
    return read_table(read_bytes(path), required=required, optional=optional, aliases=aliases)


def read_table(
    content: bytes,
    *,
    required: Collection[str],
    optional: Collection[str] = (),
    aliases: Aliases | None = None,
) -> list[Row]:
    """The same, from the bytes of the file."""
    text = decode(content)
    wanted = _wanted({*required, *optional}, aliases or {})
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=lambda sign: len(_columns(first_line.split(sign), wanted)))
    try:
        return list(_rows(text, delimiter, wanted, required))
    except csv.Error as error:
        raise UnusableFile(f"Ce fichier n’est pas un CSV lisible ({error}).") from error


def _decode_windows(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UnusableFile(
            "Ce fichier n’est pas un fichier texte en UTF-8 ou en Windows-1252."
        ) from error


def _wanted(columns: set[str], aliases: Aliases) -> dict[str, str]:
    """Folded header → our name of the column."""
    wanted = {_fold(column): column for column in columns}
    for column, others in aliases.items():
        wanted.update({_fold(other): column for other in others})
    return wanted


def _fold(header: str) -> str:
    return slugify(header).replace("-", "")


def _columns(headers: list[str], wanted: Mapping[str, str]) -> dict[str, int]:
    """Column name → its place; the first of two equal headers wins."""
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        name = wanted.get(_fold(header))
        if name is not None:
            places.setdefault(name, place)
    return places


def _rows(
    text: str, delimiter: str, wanted: Mapping[str, str], required: Collection[str]
) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    headers: list[str] = []
    places: dict[str, int] = {}
    line = 1
    for cells in reader:
        start, line = line, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if not headers:
            headers, places = cells, _columns(cells, wanted)
            _check_columns(places, required)
            continue
        yield Row(
            line=start,
            cells={n: _clean(cells[at]) for n, at in places.items() if at < len(cells)},
            problem=None
            if len(cells) == len(headers)
            else f"la ligne a {len(cells)} cases, l’en-tête en a {len(headers)}",
        )


def _check_columns(places: Mapping[str, int], required: Collection[str]) -> None:
    missing = [column for column in required if column not in places]
    if missing:
        names = ", ".join(f"« {column} »" for column in missing)
        raise UnusableFile(f"Ce n’est pas le fichier attendu : colonnes absentes : {names}.")


def _clean(cell: str) -> str:
    """Without surrounding white space nor control characters."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", cell).strip()

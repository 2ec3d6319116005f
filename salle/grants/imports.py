"""Reading the fund's file: a CSV with one record a line. Pure: text in, records and rejects out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from salle.grants.rules import AS_OF, CODE, KEY, Precision, Record, RecordKind, value_problem
from salle.kernel.errors import Invalid

COLUMNS = (
    "id", "kind", "parent", "operator", "label", "key", "value", "unit", "precision", "as_of",
    "note",
)  # fmt: skip
REQUIRED = frozenset(COLUMNS) - {"as_of", "note"}
FILLED = ("id", "label", "key", "unit")
MAX_BYTES = 5_000_000
MAX_TEXT = 500


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A line that was not kept, and why, in French."""

    line: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a file holds: records in its order with their lines, and rejects."""

    records: dict[str, Record] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, code: str, reason: str) -> None:
        """Take a record back."""
        del self.records[code]
        self.rejects.append(Reject(line=self.lines[code], reason=reason))


def decode(content: bytes) -> str:
    """The text of a CSV file in UTF-8 or Windows-1252; Invalid for anything else."""
    if content[:4] == b"PK\x03\x04" or content[:4] == b"\xd0\xcf\x11\xe0":
        raise Invalid("Ce fichier est un classeur de tableur. Enregistrez-le au format CSV.")
    if not content.strip():
        raise Invalid("Ce fichier est vide.")
    if len(content) > MAX_BYTES:
        raise Invalid("Ce fichier dépasse 5 Mo : ce n’est pas le fichier d’un fonds.")
    if b"\0" in content:
        raise Invalid("Ce fichier n’est pas un fichier CSV en UTF-8 ou Windows-1252.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def parse(text: str, *, known: Iterable[str] = ()) -> Parsed:
    """The records of the file; `known` = codes already stored, good as parents.

    Raises Invalid when the columns are not those of a fund's file.
    """
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    parsed = Parsed()
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        missing = sorted(REQUIRED - set(header))
        if missing:
            raise Invalid(f"Colonnes absentes : {', '.join(missing)}.")
        for cells in rows:
            if any(cell.strip() for cell in cells):
                _read_line(parsed, header, cells, rows.line_num)
    except csv.Error as error:
        raise Invalid(f"Ligne {rows.line_num} : ce n’est pas du CSV ({error}).") from error
    _check_parents(parsed, frozenset(known))
    parsed.rejects.sort(key=lambda reject: reject.line)
    return parsed


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return ";" if first.count(";") > first.count(",") else ","


def _read_line(parsed: Parsed, header: list[str], cells: list[str], line: int) -> None:
    if len(cells) != len(header):
        reason = f"{len(cells)} cases au lieu de {len(header)}"
        parsed.rejects.append(Reject(line=line, reason=reason))
        return
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    problem = _problem(row)
    if problem is None and row["id"] in parsed.lines:
        problem = f"identifiant « {row['id']} » déjà lu ligne {parsed.lines[row['id']]}"
    if problem is not None:
        parsed.rejects.append(Reject(line=line, reason=problem))
        return
    parsed.records[row["id"]] = _record(row)
    parsed.lines[row["id"]] = line


def _record(row: Mapping[str, str]) -> Record:
    return Record(
        code=row["id"],
        kind=RecordKind(row["kind"]),
        parent=row["parent"] or None,
        operator=row["operator"],
        label=row["label"],
        key=row["key"],
        value=row["value"] or None,
        unit=row["unit"],
        precision=Precision(row["precision"]),
        as_of=row.get("as_of", ""),
        note=row.get("note", ""),
    )


def _problem(row: Mapping[str, str]) -> str | None:
    for name in FILLED:
        if not row[name]:
            return f"« {name} » est vide"
    too_long = next((name for name, cell in row.items() if len(cell) > MAX_TEXT), None)
    if too_long is not None:
        return f"« {too_long} » dépasse {MAX_TEXT} caractères"
    return _word_problem(row) or value_problem(
        row["value"] or None, row["unit"], Precision(row["precision"])
    )


def _word_problem(row: Mapping[str, str]) -> str | None:
    if not CODE.fullmatch(row["id"]):
        return f"identifiant « {row['id'][:40]} » : une lettre puis 19 lettres ou chiffres au plus"
    if not KEY.fullmatch(row["key"]):
        return f"clé « {row['key'][:40]} » : minuscules sans accent, chiffres et « _ »"
    if row["kind"] not in set(RecordKind):
        return f"genre « {row['kind'][:40]} » inconnu : {', '.join(RecordKind)}"
    if row["precision"] not in set(Precision):
        return f"précision « {row['precision'][:40]} » inconnue : {', '.join(Precision)}"
    if not AS_OF.fullmatch(row.get("as_of", "")):
        return f"date « {row['as_of'][:40]} » : attendu 2021, 2021-01 ou 2021-01-31"
    return None


def _check_parents(parsed: Parsed, known: frozenset[str]) -> None:
    """Reject records whose parent is neither in the file nor stored, until none is left."""
    while True:
        orphans = [
            record
            for record in parsed.records.values()
            if record.parent and record.parent not in parsed.records and record.parent not in known
        ]
        for record in orphans:
            parsed.reject(record.code, f"fiche parente « {record.parent} » absente")
        if not orphans:
            break
    for code in [code for code in parsed.records if _loops(parsed.records, code)]:
        parsed.reject(code, "fiche parente d’elle-même")


def _loops(records: Mapping[str, Record], start: str) -> bool:
    seen: set[str] = set()
    code: str | None = start
    while code is not None and code in records and code not in seen:
        seen.add(code)
        code = records[code].parent
    return code == start

"""Reading the fund's file: one record a line. Pure: rows in, records and reasons out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from salle.grants.rules import AS_OF, CODE, KEY, Precision, Record, RecordKind, value_problem
from salle.venues.imports.tables import Row, open_table

COLUMNS = (
    "id", "kind", "parent", "operator", "label", "key", "value", "unit", "precision",
)  # fmt: skip
OPTIONAL = ("as_of", "note")
FILLED = ("id", "label", "key", "unit")
MAX_TEXT = 500


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a file holds, by line: records, and the reason why a line is not one."""

    records: dict[int, Record] = field(default_factory=dict)
    rejects: dict[int, str] = field(default_factory=dict)

    def reject(self, line: int, reason: str) -> None:
        """Refuse a line, or take its record back."""
        self.records.pop(line, None)
        self.rejects[line] = reason


def open_fund(path: Path) -> list[Row]:
    """The lines of a fund's file; UnusableFile when it is not one."""
    return open_table(path, required=COLUMNS, optional=OPTIONAL)


def parse(rows: Sequence[Row], *, known: Iterable[str] = ()) -> Parsed:
    """The records of the file; `known` = codes already stored, good as parents."""
    parsed = Parsed()
    seen: dict[str, int] = {}
    for row in rows:
        problem = row.problem or _problem(row)
        if problem is None and row["id"] in seen:
            problem = f"identifiant « {row['id']} » déjà lu ligne {seen[row['id']]}"
        if problem is None:
            parsed.records[row.line] = _record(row)
            seen[row["id"]] = row.line
        else:
            parsed.reject(row.line, problem)
    _check_parents(parsed, frozenset(known))
    return parsed


def _record(row: Row) -> Record:
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
        as_of=row["as_of"],
        note=row["note"],
    )


def _problem(row: Row) -> str | None:
    for name in FILLED:
        if not row[name]:
            return f"« {name} » est vide"
    too_long = next((name for name, cell in row.cells.items() if len(cell) > MAX_TEXT), None)
    if too_long is not None:
        return f"« {too_long} » dépasse {MAX_TEXT} caractères"
    return _word_problem(row) or value_problem(
        row["value"] or None, row["unit"], Precision(row["precision"])
    )


def _word_problem(row: Row) -> str | None:
    if not CODE.fullmatch(row["id"]):
        return f"identifiant « {row['id'][:40]} » : une lettre puis 19 lettres ou chiffres au plus"
    if not KEY.fullmatch(row["key"]):
        return f"clé « {row['key'][:40]} » : minuscules sans accent, chiffres et « _ »"
    if row["kind"] not in set(RecordKind):
        return f"genre « {row['kind'][:40]} » inconnu : {', '.join(RecordKind)}"
    if row["precision"] not in set(Precision):
        return f"précision « {row['precision'][:40]} » inconnue : {', '.join(Precision)}"
    if not AS_OF.fullmatch(row["as_of"]):
        return f"date « {row['as_of'][:40]} » : attendu 2021, 2021-01 ou 2021-01-31"
    return None


def _check_parents(parsed: Parsed, known: frozenset[str]) -> None:
    """Reject records whose parent is neither in the file nor stored, until none is left."""
    while True:
        codes = {record.code for record in parsed.records.values()} | known
        orphans = [
            (line, record.parent)
            for line, record in parsed.records.items()
            if record.parent and record.parent not in codes
        ]
        for line, parent in orphans:
            parsed.reject(line, f"fiche parente « {parent} » absente")
        if not orphans:
            break
    by_code = {record.code: record for record in parsed.records.values()}
    for line in [at for at, record in parsed.records.items() if _loops(by_code, record.code)]:
        parsed.reject(line, "fiche parente d’elle-même")


def _loops(records: Mapping[str, Record], start: str) -> bool:
    seen: set[str] = set()
    code: str | None = start
    while code is not None and code in records and code not in seen:
        seen.add(code)
        code = records[code].parent
    return code == start

"""Amounts, sums and comparisons drawn from the records of a fund. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from salle.grants.rules import Precision, Record, RecordKind
from salle.grants.wording import EXACTNESS, counted, lower_first, plural, value_text
from salle.usage.figures import (
    UNKNOWN,
    Exactness,
    amount_text,
    finest,
    number_text,
    to_decimal,
)

SHARE_PLACES = 1


@dataclass(frozen=True, kw_only=True)
class Amount:
    """An amount known or not, with the records it comes from."""

    cents: int | None
    exactness: Exactness
    records: tuple[str, ...]
    calculated: bool = False

    @property
    def display(self) -> str:
        return UNKNOWN if self.cents is None else amount_text(self.cents, self.exactness)


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """One part of the envelope; `axis_label` names its axis on the first part of each."""

    label: str
    amount: Amount
    share: Decimal | None
    axis_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A published total compared with the sum of its parts; `ok` None = cannot be compared."""

    record: Record
    parts: tuple[Record, ...]
    computed: int | None

    @property
    def ok(self) -> bool | None:
        if self.computed is None or self.record.count is None:
            return None
        return self.computed == self.record.count

    @property
    def sentence(self) -> str:
        """What the comparison gives, in French."""
        parts = " + ".join(part.code for part in self.parts) or "aucune fiche"
        if self.ok is None:
            return f"contrôle impossible : {self.record.code} ou {parts} n’est pas publié"
        published = f"la fiche {self.record.code} publie {value_text(self.record)}"
        if self.ok:
            return f"{parts} ; {published} : conforme"
        return f"{parts} donnent {number_text(self.computed or 0)} mais {published}"


class Fund:
    """The tree of the records."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = sorted(records, key=lambda record: record.code)

    def of_kind(self, kind: RecordKind) -> list[Record]:
        return [record for record in self.records if record.kind == kind]

    def children(self, parent: Record, kind: RecordKind) -> list[Record]:
        return [record for record in self.of_kind(kind) if record.parent == parent.code]

    def find(self, parent: Record, key: str) -> Record | None:
        found = (r for r in self.children(parent, RecordKind.FIGURE) if r.key == key)
        return next(found, None)


def own_amount(record: Record) -> Amount:
    """The amount published on a record itself; « plus de » is not an amount one can add."""
    cents = None if record.precision == Precision.MORE_THAN else record.cents
    exactness = EXACTNESS[record.precision] if cents is not None else Exactness.NOT_DISCLOSED
    return Amount(cents=cents, exactness=exactness, records=(record.code,))


def total(parts: Sequence[Amount]) -> Amount:
    """Their sum: unknown as soon as one of them is, and when there is none."""
    records = tuple(code for part in parts for code in part.records)
    known = [part.cents for part in parts if part.cents is not None]
    if not parts or len(known) < len(parts):
        exactness, cents = Exactness.NOT_DISCLOSED, None
    else:
        exactness, cents = finest([part.exactness for part in parts]), sum(known)
    return Amount(cents=cents, exactness=exactness, records=records, calculated=True)


def share_of(part: int | None, whole: int | None) -> Decimal | None:
    """Per cent, one decimal; None when either is unknown or the whole is 0."""
    if part is None or not whole:
        return None
    return to_decimal(Fraction(part * 100, whole), SHARE_PLACES)


def difference(whole: Amount, part: Amount) -> Amount:
    records = (*whole.records, *part.records)
    if whole.cents is None or part.cents is None:
        return Amount(
            cents=None, exactness=Exactness.NOT_DISCLOSED, records=records, calculated=True
        )
    exactness = finest([whole.exactness, part.exactness])
    return Amount(
        cents=whole.cents - part.cents, exactness=exactness, records=records, calculated=True
    )


def axis_total(fund: Fund, axis: Record) -> Amount:
    """What is published for the axis, else the sum of its schemes."""
    own = own_amount(axis)
    schemes = fund.children(axis, RecordKind.SCHEME)
    return own if own.cents is not None or not schemes else total(list(map(own_amount, schemes)))


def list_allocations(fund: Fund, envelope: Amount) -> tuple[Allocation, ...]:
    found: list[Allocation] = []
    for axis in fund.of_kind(RecordKind.AXIS):
        schemes = [] if axis.cents is not None else fund.children(axis, RecordKind.SCHEME)
        for rank, record in enumerate(schemes or [axis]):
            amount = own_amount(record)
            whole = axis_total(fund, axis).display
            found.append(
                Allocation(
                    label=f"{axis.operator} : {lower_first(record.label)}{_reach(fund, record)}",
                    amount=amount,
                    share=share_of(amount.cents, envelope.cents),
                    axis_label="" if rank else f"{axis.operator}, {whole}",
                )
            )
    return tuple(found)


def _reach(fund: Fund, scheme: Record) -> str:
    funded, applicants = fund.find(scheme, "soutenus"), fund.find(scheme, "candidats")
    if funded and applicants and funded.count is not None and applicants.count is not None:
        return f", {counted(funded)} sur {value_text(applicants)}"
    checks = fund.children(scheme, RecordKind.CHECK)
    totals = [c for c in (compare(fund, record) for record in checks) if c.computed is not None]
    return f", {plural(totals[0].computed or 0, totals[0].record.unit)}" if totals else ""


def compare(fund: Fund, record: Record) -> Check:
    parts = tuple(
        sibling
        for sibling in fund.of_kind(RecordKind.FIGURE)
        if sibling.parent == record.parent and sibling.key.startswith(f"{record.key}_")
    )
    counts = [exact_count(part) for part in parts]
    known = [count for count in counts if count is not None]
    computed = sum(known) if parts and len(known) == len(parts) else None
    return Check(record=record, parts=parts, computed=computed)


def exact_count(record: Record | None) -> int | None:
    return record.count if record and record.precision == Precision.EXACT else None

"""The mid-term review of a fund, recomputed from its records. Pure: no figure is typed here.

What is not published stays unknown; « plus de » is never added to anything; a sum is written
no finer than its rounded parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from salle.grants.reckoning import (
    Allocation,
    Amount,
    Check,
    Fund,
    axis_total,
    compare,
    difference,
    exact_count,
    list_allocations,
    own_amount,
    share_of,
    total,
)
from salle.grants.rules import Precision, Record, RecordKind
from salle.grants.wording import (
    EXACTNESS,
    capital,
    counted,
    declared,
    lower_first,
    months_text,
    plural,
    value_text,
)
from salle.usage.figures import (
    CENTS,
    PERCENT,
    THOUSAND,
    UNKNOWN,
    Exactness,
    Figure,
    half_up,
    number_text,
    percent_text,
)

CALCULATED = " (calculé)"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Figures that belong together, summed up in lines of plain French."""

    title: str
    lines: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything the page and the API show of a fund."""

    envelope: Amount
    allocated: Amount
    unallocated: Amount
    allocations: tuple[Allocation, ...]
    groups: tuple[Group, ...]
    checks: tuple[Check, ...]

    @property
    def figures(self) -> list[Figure]:
        return [figure for group in self.groups for figure in group.figures]


def review(records: Sequence[Record]) -> Review:
    """Recompute the review from these records."""
    fund = Fund(records)
    envelope = total([own_amount(record) for record in fund.of_kind(RecordKind.ENVELOPE)])
    allocations = list_allocations(fund, envelope)
    known = [part.amount for part in allocations if part.amount.cents is not None]
    allocated = total(known)
    unallocated = difference(envelope, allocated)
    checks = tuple(compare(fund, record) for record in fund.of_kind(RecordKind.CHECK))
    groups = [
        _envelope_group(fund, envelope, allocated, unallocated),
        *(_axis_group(fund, axis, checks) for axis in fund.of_kind(RecordKind.AXIS)),
        _projects_group(fund),
    ]
    groups.insert(-1, _rest_group(fund, groups))
    return Review(
        envelope=envelope,
        allocated=allocated,
        unallocated=unallocated,
        allocations=allocations,
        groups=tuple(group for group in groups if group.figures),
        checks=checks,
    )


# The figures, group by group.


def _amount_figure(key: str, label: str, amount: Amount, definition: str) -> Figure:
    return Figure(
        key=f"{key}_cents",
        label=label,
        value=amount.cents,
        unit=CENTS,
        display=amount.display,
        definition=definition,
        record_count=len(amount.records),
        records=amount.records,
        exactness=amount.exactness,
        calculated=True,
    )


def _share_figure(
    key: str, label: str, value: Decimal | None, records: tuple[str, ...], definition: str
) -> Figure:
    return Figure(
        key=key,
        label=label,
        value=value,
        unit=PERCENT,
        display=UNKNOWN if value is None else percent_text(value),
        definition=definition,
        record_count=len(records),
        records=records,
        exactness=Exactness.NOT_DISCLOSED if value is None else Exactness.TO_THE_TENTH,
        calculated=True,
    )


def _count_figure(
    key: str, label: str, value: int | None, unit: str, records: tuple[str, ...], definition: str
) -> Figure:
    return Figure(
        key=key,
        label=label,
        value=value,
        unit=unit,
        display=UNKNOWN if value is None else number_text(value),
        definition=definition,
        record_count=len(records),
        records=records,
        exactness=Exactness.NOT_DISCLOSED if value is None else Exactness.EXACT,
        calculated=True,
    )


def _envelope_group(fund: Fund, envelope: Amount, allocated: Amount, unallocated: Amount) -> Group:
    axes = fund.of_kind(RecordKind.AXIS)
    codes = tuple(axis.code for axis in axes)
    operators = {axis.operator for axis in axes if axis.operator}
    allocated_share = share_of(allocated.cents, envelope.cents)
    unallocated_share = share_of(unallocated.cents, envelope.cents)
    figures = [declared(record) for record in fund.of_kind(RecordKind.ENVELOPE)]
    lines: list[str] = []
    if figures:
        operators_text = plural(len(operators), "opérateur")
        axes_text = f"{number_text(len(axes))} {'axes' if len(axes) > 1 else 'axe'}"
        lines.append(f"{envelope.display} · {axes_text} · {operators_text}")
        split = f"Ventilé {allocated.display}{_in_brackets(allocated_share)}"
        rest = f"non ventilé {unallocated.display}{_in_brackets(unallocated_share)}"
        lines.append(f"{split} · {rest}{CALCULATED}")
        figures += [
            _count_figure("axes", "Axes du fonds", len(axes), "axe", codes, "Fiches d’axe."),
            _count_figure(
                "operators", "Opérateurs", len(operators), "opérateur", codes,
                "Opérateurs distincts des axes.",
            ),
            _amount_figure(
                "allocated", "Ventilé entre les axes", allocated,
                "Somme des montants publiés pour les axes, sinon pour leurs dispositifs.",
            ),
            _share_figure(
                "allocated_share", "Part ventilée", allocated_share, unallocated.records,
                "Ventilé ÷ enveloppe.",
            ),
            _amount_figure(
                "unallocated", "Non ventilé", unallocated,
                "Enveloppe − montants publiés. Ce n’est le montant d’aucun axe.",
            ),
            _share_figure(
                "unallocated_share", "Part non ventilée", unallocated_share, unallocated.records,
                "Non ventilé ÷ enveloppe.",
            ),
        ]  # fmt: skip
    return Group(title="L’enveloppe", lines=tuple(lines), figures=tuple(figures))


def _in_brackets(share: Decimal | None) -> str:
    return "" if share is None else f" ({percent_text(share)})"


def _axis_group(fund: Fund, axis: Record, checks: Sequence[Check]) -> Group:
    amount = axis_total(fund, axis)
    numbers = fund.children(axis, RecordKind.FIGURE)
    if amount.calculated:
        first = _amount_figure(
            f"{axis.code.lower()}_amount", axis.label, amount,
            f"Aucun total publié ; {' + '.join(amount.records)}.",
        )  # fmt: skip
    else:
        first = declared(axis)
    figures = [first, *map(declared, numbers)]
    if amount.cents is None:
        head = f"{axis.operator} : {UNKNOWN}"
    elif amount.calculated:
        head = f"{axis.operator} {amount.display}{CALCULATED}"
    else:
        head = f"{amount.display} {axis.operator}"
    lines = [" · ".join([head, *map(counted, numbers)])]
    for scheme in fund.children(axis, RecordKind.SCHEME):
        scheme_lines, scheme_figures = _scheme(fund, scheme, checks)
        lines += scheme_lines
        figures += scheme_figures
    title = f"{axis.operator} : {lower_first(axis.label)}" if axis.operator else axis.label
    return Group(title=title, lines=tuple(lines), figures=tuple(figures))


def _scheme(fund: Fund, scheme: Record, checks: Sequence[Check]) -> tuple[list[str], list[Figure]]:
    amount = own_amount(scheme)
    waves = fund.children(scheme, RecordKind.WAVE)
    numbers = fund.children(scheme, RecordKind.FIGURE)
    own_checks = [check for check in checks if check.record.parent == scheme.code]
    figures = [declared(scheme), *map(declared, numbers), *map(_check_figure, own_checks)]
    funded, applicants = fund.find(scheme, "soutenus"), fund.find(scheme, "candidats")
    words: list[str] = []
    if waves:
        figures.append(_waves_figure(scheme, waves))
        words.append(_waves_text(waves))
    if funded and applicants:
        words.append(f"{value_text(funded)} / {value_text(applicants)}")
    words += [_check_text(check) for check in own_checks]
    words.append(value_text(scheme))
    if funded and applicants:
        rate = _rate_figure(scheme, funded, applicants)
        figures.append(rate)
        words.append(f"{rate.display} retenus{CALCULATED}")
    average = _average_figure(scheme, amount, funded, own_checks)
    if average is not None:
        figures.append(average)
        words.append(f"{average.display} en moyenne{CALCULATED}")
    lines = [" · ".join(words)]
    lines += [_forecast_text(record) for record in numbers if record.fraction is not None]
    return lines, figures


def _waves_text(waves: Sequence[Record]) -> str:
    months = [wave.value for wave in waves if wave.value and wave.unit == "mois"]
    return plural(len(waves), "vague") + (f" ({months_text(months)})" if months else "")


def _waves_figure(scheme: Record, waves: Sequence[Record]) -> Figure:
    codes = tuple(wave.code for wave in waves)
    key = f"{scheme.code.lower()}_waves"
    return _count_figure(key, "Vagues", len(waves), "vague", codes, f"{_waves_text(waves)}.")


def _forecast_text(record: Record) -> str:
    end = f" ({EXACTNESS[record.precision].label})" if record.precision != Precision.EXACT else ""
    return f"{capital(value_text(record))} : {lower_first(record.label)}{end}"


def _check_text(check: Check) -> str:
    parts = " + ".join(counted(part) for part in check.parts)
    if check.computed is None:
        return f"{counted(check.record)} (fiche {check.record.code})"
    return f"{plural(check.computed, check.record.unit)} = {parts}"


def _check_figure(check: Check) -> Figure:
    codes = (*(part.code for part in check.parts), check.record.code)
    return _count_figure(
        f"{check.record.code.lower()}_total", check.record.label, check.computed,
        check.record.unit, codes, f"{capital(check.sentence)}.",
    )  # fmt: skip


def _rate_figure(scheme: Record, funded: Record, applicants: Record) -> Figure:
    rate = share_of(exact_count(funded), exact_count(applicants))
    return _share_figure(
        f"{scheme.code.lower()}_funded_rate",
        "Dossiers retenus",
        rate,
        (funded.code, applicants.code),
        f"{value_text(funded)} ÷ {value_text(applicants)}.",
    )


def _average_figure(
    scheme: Record, amount: Amount, funded: Record | None, checks: Sequence[Check]
) -> Figure | None:
    """Amount ÷ projects funded (or laureates): to the thousand from 100 k€, else to the euro."""
    if funded is not None:
        count, unit, codes = exact_count(funded), funded.unit, [funded.code]
    elif checks:
        count, unit = checks[0].computed, checks[0].record.unit
        codes = [part.code for part in checks[0].parts]
    else:
        return None
    mean, exactness = None, Exactness.NOT_DISCLOSED
    if amount.cents is not None and count:
        exact = Fraction(amount.cents, count)
        large = exact >= 100 * THOUSAND
        exactness = Exactness.TO_THE_THOUSAND if large else Exactness.TO_THE_EURO
        mean = half_up(exact, THOUSAND if large else 100)
    result = Amount(cents=mean, exactness=exactness, records=(scheme.code, *codes))
    divided = f"{amount.display} ÷ {UNKNOWN if count is None else number_text(count)}"
    return _amount_figure(
        f"{scheme.code.lower()}_average", f"Moyenne par {unit}", result, f"{divided}."
    )


def _rest_group(fund: Fund, groups: Sequence[Group]) -> Group:
    """Figures and programmes that belong to no axis: nothing of the file is left out."""
    shown = {code for group in groups for figure in group.figures for code in figure.records}
    kinds = {RecordKind.FIGURE, RecordKind.PROGRAMME, RecordKind.SCHEME}
    rest = [r for r in fund.records if r.kind in kinds and r.code not in shown]
    lines = [
        f"{capital(counted(record))}" for record in rest if record.precision == Precision.MORE_THAN
    ]
    return Group(title="Ensemble du fonds", lines=tuple(lines), figures=tuple(map(declared, rest)))


def _projects_group(fund: Fund) -> Group:
    figures: list[Figure] = []
    lines: list[str] = []
    unknown: list[str] = []
    for project in fund.of_kind(RecordKind.PROJECT):
        milestones = fund.children(project, RecordKind.MILESTONE)
        figures += [
            declared(project),
            *(declared(m, _milestone_label(project, m)) for m in milestones),
        ]
        words = [f"{lower_first(m.label)} prévue : {value_text(m)}" for m in milestones]
        if project.value is not None or words:
            lines.append(" · ".join([f"{project.label} : {value_text(project)}", *words]))
        else:
            unknown.append(project.label)
    if unknown:
        lines.append(f"{' ; '.join(unknown)} : montant {UNKNOWN}")
    return Group(title="Projets soutenus", lines=tuple(lines), figures=tuple(figures))


def _milestone_label(project: Record, milestone: Record) -> str:
    return f"{project.label} : {lower_first(milestone.label)}"

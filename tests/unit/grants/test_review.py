"""Every figure of the review follows its records; nothing is typed in the code."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from salle.grants.imports import open_fund, parse
from salle.grants.review import Review, review
from salle.grants.rules import Precision, Record, RecordKind
from salle.grants.seed import shipped_rows
from salle.usage.figures import Figure
from tests.support.imports import DATA


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture
def records() -> dict[str, Record]:
    """The records we ship, by code."""
    return {record.code: record for record in parse(shipped_rows()).records.values()}


def lines(result: Review) -> list[str]:
    return [plain(line) for group in result.groups for line in group.lines]


def figures(result: Review) -> dict[str, Figure]:
    return {figure.key: figure for figure in result.figures}


def display(result: Review, key: str) -> str:
    return plain(figures(result)[key].display)


def changed(records: dict[str, Record], code: str, value: str | None) -> Review:
    """The review after one record has changed."""
    precision = Precision.NOT_DISCLOSED if value is None else records[code].precision
    if value is not None and precision == Precision.NOT_DISCLOSED:
        precision = Precision.EXACT
    return review(
        list({**records, code: replace(records[code], value=value, precision=precision)}.values())
    )


def test_review_of_the_shipped_records_prints_the_expected_lines(
    records: dict[str, Record],
) -> None:
    assert lines(review(list(records.values()))) == [
        "88 M€ · 3 axes · 3 opérateurs",
        "Ventilé 43,1 M€ (49,0 %) · non ventilé 44,9 M€ (51,0 %) (calculé)",
        (
            "17 M€ ANCT · 476 contributions · 42 services · 4 à l’échelle nationale"
            " · 7 start-ups d’État"
        ),
        "DINUM 26,1 M€ (calculé)",
        (
            "2 vagues (janvier et novembre 2021) · 131 / 316 · 23,5 M€ · 41,5 % retenus (calculé)"
            " · 179 k€ en moyenne (calculé)"
        ),
        "Deux tiers : projets à mettre en production au premier semestre 2023 (prévision)",
        "523 lauréats = 386 FranceConnect + 137 API · 2,6 M€ · 4 971 € en moyenne (calculé)",
        "DITP : non communiqué",
        "Plus de 3 200 collectivités",
        "Collec-Data : 281 000 € · mise en production finale prévue : printemps 2023",
        (
            "Tam Tam, alerte multicanal (SMS) ; Signature électronique ; La salle sur demande ;"
            " Logiciel RSA, phase 2 « Numérisocial » (VieSion, ARCHE MC2) : montant non communiqué"
        ),
    ]


@pytest.mark.parametrize(
    ("code", "value", "key", "text"),
    [
        ("R01", "90000000", "unallocated_cents", "46,9 M€"),
        ("R01", None, "unallocated_cents", "non communiqué"),
        ("R01", None, "allocated_share", "non communiqué"),
        ("R02", "18000000", "allocated_cents", "44,1 M€"),
        ("R02", None, "allocated_cents", "26,1 M€"),
        ("R04", "34000000", "unallocated_cents", "10,9 M€"),
        ("R04", "34000000", "r04_amount_cents", "34 M€"),
        ("R09", "20500000", "r03_amount_cents", "23,1 M€"),
        ("R09", "20500000", "r09_average_cents", "156 k€"),
        ("R09", None, "r03_amount_cents", "non communiqué"),
        ("R09", None, "r09_average_cents", "non communiqué"),
        ("R12", "262", "r09_funded_rate", "50,0 %"),
        ("R12", "0", "r09_funded_rate", "non communiqué"),
        ("R13", "0", "r09_average_cents", "non communiqué"),
        ("R13", "79", "r09_funded_rate", "25,0 %"),
        ("R15", "5230000", "r15_average_cents", "10 000 €"),
        ("R16", "400", "r18_total", "537"),
        ("R16", None, "r18_total", "non communiqué"),
        ("R16", None, "r15_average_cents", "non communiqué"),
        ("R14", "3/4", "r14_in_production", "trois quarts"),
        ("R14", "3/7", "r14_in_production", "3 sur 7"),
        ("R19", "3500", "r19_local_authorities", "plus de 3 500"),
        ("R23", "281000.50", "r23_amount_cents", "281 000,50 €"),
    ],
)
def test_figures_when_a_record_changes_then_follow(
    records: dict[str, Record], code: str, value: str | None, key: str, text: str
) -> None:
    assert display(review(list(records.values())), key) != text
    assert display(changed(records, code, value), key) == text


def test_check_when_the_sum_differs_then_fails_and_says_by_what(
    records: dict[str, Record],
) -> None:
    assert [check.ok for check in review(list(records.values())).checks] == [True]
    wrong = changed(records, "R18", "524").checks[0]
    assert wrong.ok is False
    assert wrong.sentence == "R16 + R17 donnent 523 mais la fiche R18 publie 524"
    assert changed(records, "R17", None).checks[0].ok is None


def test_unknown_when_summed_then_is_never_zero(records: dict[str, Record]) -> None:
    found = figures(review(list(records.values())))
    for code in ("r04", "r20", "r21", "r22", "r25"):
        assert found[f"{code}_amount_cents"].value is None
        assert found[f"{code}_amount_cents"].display == "non communiqué"


def test_more_than_when_an_amount_then_is_not_added(records: dict[str, Record]) -> None:
    least = replace(records["R04"], value="34000000", precision=Precision.MORE_THAN)
    result = review(list({**records, "R04": least}.values()))
    assert display(result, "unallocated_cents") == "44,9 M€"
    assert display(result, "r04_amount_cents") == "plus de 34 M€"


def test_more_than_when_a_count_then_gives_no_rate(records: dict[str, Record]) -> None:
    least = replace(records["R12"], precision=Precision.MORE_THAN)
    result = review(list({**records, "R12": least}.values()))
    assert figures(result)["r09_funded_rate"].value is None


def test_allocation_when_it_exceeds_the_envelope_then_is_shown_negative(
    records: dict[str, Record],
) -> None:
    assert display(changed(records, "R01", "40000000"), "unallocated_cents") == "−3,1 M€"


def test_figures_when_calculated_then_name_the_records_they_rest_on(
    records: dict[str, Record],
) -> None:
    result = review(list(records.values()))
    for figure in result.figures:
        assert figure.record_count == len(figure.records) > 0
        assert set(figure.records) <= set(records)
        assert figure.definition
        assert not isinstance(figure.value, float)
    assert figures(result)["unallocated_cents"].records == ("R01", "R02", "R09", "R15")
    assert figures(result)["r09_funded_rate"].value == Decimal("41.5")
    shown = {code for figure in result.figures for code in figure.records}
    assert shown == set(records)  # no record of the file is left out
    keys = [figure.key for figure in result.figures]
    assert len(keys) == len(set(keys))


def test_review_when_nothing_is_loaded_then_has_no_figure() -> None:
    result = review([])
    assert result.figures == []
    assert result.envelope.cents is None


def test_review_of_another_fund_uses_none_of_our_codes() -> None:
    fiction = list(parse(open_fund(DATA / "fonds-fictif.csv")).records.values())
    assert lines(review(fiction)) == [
        "10 M€ · 3 axes · 3 opérateurs",
        "Ventilé 5,9 M€ (59,0 %) · non ventilé 4,1 M€ (41,0 %) (calculé)",
        "3 M€ ALFA",
        "BRAVO 2,9 M€ (calculé)",
        (
            "1 vague (mars 2020) · 3 / 8 · 2,5 M€ · 37,5 % retenus (calculé)"
            " · 833 k€ en moyenne (calculé)"
        ),
        "12 lauréats = 7 lauréats + 5 lauréats · 400 000 € · 33 333 € en moyenne (calculé)",
        "CHARLIE : non communiqué",
        "Plus de 90 communes",
        "Projet dit : 1 234,56 € · fin prévue : été 2021",
        "Projet muet : montant non communiqué",
    ]


def test_allocations_when_an_axis_publishes_its_total_then_its_schemes_are_not_added_again(
    records: dict[str, Record],
) -> None:
    result = changed(records, "R03", "26000000")
    assert display(result, "allocated_cents") == "43 M€"
    kinds = {records[code].kind for part in result.allocations for code in part.amount.records}
    assert kinds == {RecordKind.AXIS}

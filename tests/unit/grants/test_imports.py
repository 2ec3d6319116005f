"""Lines of the fund's file: what is taken, what is rejected and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from salle.grants.imports import Parsed, open_fund, parse
from salle.grants.rules import Precision
from salle.grants.seed import shipped_rows

HEADER = "id,kind,parent,operator,label,key,value,unit,precision,as_of,note\n"
ROOT = "R01,enveloppe,,État,Fonds,montant,88000000,EUR,exact,2021-01,\n"


def read(tmp_path: Path, body: str, *, known: tuple[str, ...] = ()) -> Parsed:
    path = tmp_path / "fonds.csv"
    path.write_text(HEADER + body, encoding="utf-8")
    return parse(open_fund(path), known=known)


def test_parse_when_shipped_then_takes_all_27_and_keeps_unknowns_null() -> None:
    parsed = parse(shipped_rows())
    assert (len(parsed.records), parsed.rejects) == (27, {})
    unknown = {r.code for r in parsed.records.values() if r.value is None}
    assert unknown == {"R03", "R04", "R20", "R21", "R22", "R25"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("R02,truc,R01,A,L,montant,1,EUR,exact,,", "genre « truc »"),
        ("R02,axe,R01,A,L,montant,1,EUR,exacte,,", "précision « exacte »"),
        ("R02,axe,R01,A,L,montant,12k,EUR,exact,,", "un montant en euros"),
        ("R02,axe,R01,A,L,montant,-5,EUR,exact,,", "un montant en euros"),
        ("R02,axe,R01,A,L,montant,1e6,EUR,exact,,", "un montant en euros"),
        ("R02,axe,R01,A,L,montant,0,EUR,non_communique,,", "doit rester vide"),
        ("R02,axe,R01,A,L,montant,,EUR,exact,,", "non_communique"),
        ("R02,chiffre,R01,A,L,n,4.5,projet,exact,,", "un nombre entier"),
        ("R02,chiffre,R01,A,L,n,٤,projet,exact,,", "un nombre entier"),
        ("R02,chiffre,R01,A,L,n,5,projet,arrondi_M,,", "réservée aux montants"),
        ("R02,chiffre,R01,A,L,n,2/0,fraction,exact,,", "une fraction"),
        ("R02,chiffre,R01,A,L,n,3/2,fraction,exact,,", "ne dépasse pas 1"),
        ("R02,vague,R01,A,L,ouverture,2021-13,mois,exact,,", "un mois"),
        ("R02,jalon,R01,A,L,prevu,mars 2023,saison,prevision,,", "une saison"),
        ("R02,axe,R99,A,L,montant,1,EUR,exact,,", "fiche parente « R99 » absente"),
        ("R02,axe,R02,A,L,montant,1,EUR,exact,,", "parente d’elle-même"),
        ("R01,axe,,A,L,montant,1,EUR,exact,,", "déjà lu ligne 2"),
        ("2,axe,R01,A,L,montant,1,EUR,exact,,", "identifiant « 2 »"),
        ("R02,axe,R01,A,L,Montant,1,EUR,exact,,", "clé « Montant »"),
        ("R02,axe,R01,A,,montant,1,EUR,exact,,", "« label » est vide"),
        ("R02,axe,R01,A,L,montant,1,EUR,exact,hier,", "date « hier »"),
        ("R02,axe,R01,A,L,montant,1,EUR,exact", "9 cases"),
        (f"R02,axe,R01,A,{'L' * 501},montant,1,EUR,exact,,", "« label » dépasse"),
    ],
)
def test_parse_when_a_line_is_wrong_then_rejects_it_with_line_and_reason(
    tmp_path: Path, line: str, reason: str
) -> None:
    parsed = read(tmp_path, f"{ROOT}{line}\n")
    assert [record.code for record in parsed.records.values()] == ["R01"]
    assert list(parsed.rejects) == [3]
    assert reason in parsed.rejects[3]


def test_parse_when_a_parent_is_rejected_then_its_children_are_too(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        "R02,bizarre,,A,L,montant,1,EUR,exact,,\n"
        "R03,dispositif,R02,A,L,montant,1,EUR,exact,,\n"
        "R04,chiffre,R03,A,L,n,1,projet,exact,,\n",
    )
    assert parsed.records == {}
    assert sorted(parsed.rejects) == [2, 3, 4]


def test_parse_when_parents_turn_in_a_circle_then_rejects_them(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        "R02,axe,R03,A,L,montant,1,EUR,exact,,\nR03,axe,R02,A,L,montant,1,EUR,exact,,\n",
    )
    assert parsed.records == {}


def test_parse_when_the_parent_is_stored_or_comes_later_then_takes_the_line(
    tmp_path: Path,
) -> None:
    child = "R02,axe,R01,A,L,montant,,EUR,non_communique,,\n"
    assert len(read(tmp_path, child, known=("R01",)).records) == 1
    assert len(read(tmp_path, child + ROOT).records) == 2


def test_record_when_the_amount_has_cents_then_they_are_exact(tmp_path: Path) -> None:
    parsed = read(tmp_path, 'R01,enveloppe,,É,Fonds,montant,"0,29",EUR,exact,,\n')
    record = parsed.records[2]
    assert record.cents == 29
    assert record.precision == Precision.EXACT

"""Reading tables of any usual make."""

from __future__ import annotations

from pathlib import Path

import pytest

from salle.venues.imports.tables import Row, UnusableFile, open_table


def table(tmp_path: Path, content: bytes | str, encoding: str = "utf-8") -> list[Row]:
    path = tmp_path / "table.csv"
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return open_table(
        path, required=("code_postal", "nom"), optional=("ville",), aliases={"nom": ["libelle"]}
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_usual_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = "Code postal;Nom\r\n35000;Collège\r\n".replace(";", delimiter)
    rows = table(tmp_path, text, encoding)
    assert [(row.line, row["code_postal"], row["nom"]) for row in rows] == [(2, "35000", "Collège")]


@pytest.mark.parametrize("header", ["CODE POSTAL;NOM", "code_postal;Libellé", "Code_Postal ; nom"])
def test_names_of_columns_are_tolerated(tmp_path: Path, header: str) -> None:
    assert table(tmp_path, f"{header}\n35000;A\n")[0]["nom"] == "A"


def test_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    rows = table(tmp_path, 'Nom;Code postal\n"A\nsuite";1\n\nB;2\n')
    assert [(row.line, row["nom"]) for row in rows] == [(2, "A suite"), (5, "B")]


def test_an_absent_optional_column_is_empty(tmp_path: Path) -> None:
    assert table(tmp_path, "Nom;Code postal\nA;1\n")[0]["ville"] == ""


def test_a_line_of_another_length_is_told(tmp_path: Path) -> None:
    rows = table(tmp_path, "Nom;Code postal\nA;1;2\nB\nC;3\n")
    assert [row.problem is not None for row in rows] == [True, True, False]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "vide"),
        (b"  \n ", "vide"),
        (b"PK\x03\x04...", "classeur"),
        (b"\xd0\xcf\x11\xe0....", "classeur"),
        (b"%PDF-1.7", "PDF"),
        (b"nom;code postal\nA\0;1\n", "octets nuls"),
        (b"\x81\x8d\x8f", "Windows-1252"),
        (b"rien;du;tout\n1;2;3\n", "colonnes absentes"),
    ],
)
def test_another_kind_of_file_is_refused_with_a_clear_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    with pytest.raises(UnusableFile) as refused:
        table(tmp_path, content)
    assert words in refused.value.message


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="introuvable"):
        open_table(tmp_path / "absent.csv", required=("nom",))

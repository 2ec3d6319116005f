"""The simulators' store: whole changes or none, whatever the moment of the crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from salle.demo.simulators.journal import Busy, Journal


def reopened(journal: Journal, path: Path) -> Journal:
    journal.close()
    return Journal(path)


def test_change_when_done_then_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "books.json"
    journal = Journal(path)
    with journal.change():
        journal.put("payments", "1", {"amount": 5, "name": "été"})
        journal.put("payments", "2", {"amount": 6})
        journal.remove("payments", "2")
    journal = reopened(journal, path)
    assert journal.items("payments") == [("1", {"amount": 5, "name": "été"})]
    journal.close()


def test_change_when_it_fails_then_nothing_of_it_remains(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "books.json")
    with journal.change():
        journal.put("payments", "1", {"amount": 5})

    def fail() -> None:
        with journal.change():
            journal.put("payments", "1", {"amount": 0})
            journal.put("payments", "2", {"amount": 0})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with journal.change():
        assert journal.items("payments") == [("1", {"amount": 5})]
    journal.close()


def test_change_when_cut_in_mid_line_then_the_former_state(tmp_path: Path) -> None:
    path = tmp_path / "books.json"
    journal = Journal(path)
    for number in range(3):
        with journal.change():
            journal.put("payments", str(number), {"amount": number})
            journal.put("events", str(number), {"payment": number})
    journal.close()
    lines = path.with_suffix(".journal")
    whole = lines.read_bytes()
    for cut in range(len(whole)):
        path.unlink()
        lines.write_bytes(whole[:cut])
        journal = Journal(path)
        payments, events = journal.items("payments"), journal.items("events")
        assert len(payments) == len(events) == whole[:cut].count(b"\n")
        journal.close()


def test_get_gives_a_copy(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "books.json")
    with journal.change():
        journal.put("payments", "1", {"parts": [1]})
        found = journal.get("payments", "1")
        assert found is not None
        found["parts"].append(2)
        assert journal.get("payments", "1") == {"parts": [1]}
    journal.close()


def test_folder_when_held_by_another_then_busy(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "books.json")
    with pytest.raises(Busy):
        Journal(tmp_path / "books.json", patience=0)
    journal.close()

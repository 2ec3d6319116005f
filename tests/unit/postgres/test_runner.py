"""As which user and with which rights PostgreSQL's programs are called."""

import importlib.util
import os
from pathlib import Path

import pytest

from salle.postgres import runner
from salle.postgres.runner import PostgresError, Runner, choose_runner


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(runner, "_os_user", lambda: (995, 994))


def opened_by(monkeypatch: pytest.MonkeyPatch, *wanted: str) -> None:
    """Let folders be reached only with all of these capabilities."""
    monkeypatch.setattr(
        Runner, "reaches", lambda self, _home: set(wanted) <= set(self.capabilities)
    )


def test_ordinary_user_runs_it_as_oneself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert choose_runner(tmp_path, tmp_path / "cluster") == Runner()


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize(
    ("held", "wanted", "chosen"),
    [
        ((), (), ()),
        (("dac_read_search", "dac_override"), (), ()),
        (("dac_read_search", "dac_override"), ("dac_read_search",), ("dac_read_search",)),
        (("dac_read_search", "dac_override"), ("dac_override",), ("dac_override",)),
        (("dac_override",), ("dac_override",), ("dac_override",)),
    ],
)
def test_root_gives_as_little_right_as_is_enough(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    held: tuple[str, ...],
    wanted: tuple[str, ...],
    chosen: tuple[str, ...],
) -> None:
    monkeypatch.setattr(runner, "_capabilities_held", lambda: held)
    opened_by(monkeypatch, *wanted)
    assert choose_runner(tmp_path, tmp_path / "cluster") == Runner(995, 994, chosen)


@pytest.mark.usefixtures("as_root")
def test_root_without_a_way_in_gets_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(runner, "_capabilities_held", lambda: ())
    opened_by(monkeypatch, "dac_override")
    with pytest.raises(PostgresError, match=r"n'a pas accès à .* Déplacez le projet"):
        choose_runner(tmp_path, tmp_path / "cluster")


def test_capabilities_are_those_of_the_process() -> None:
    assert set(runner._capabilities_held()) <= {"dac_read_search", "dac_override"}


def test_binary_when_the_wheel_is_missing_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(PostgresError, match="make setup"):
        runner.binary("postgres")

"""Set-up: the machine's Python is found or the repair is named; nothing is done twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import setup, vendor

ROOT = Path(__file__).resolve().parents[3]


def find_python(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path), **variables}
    command = ["/bin/sh", ROOT / "tools/find-python.sh"]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_find_python_when_there_is_one_prints_its_path(tmp_path: Path) -> None:
    program(tmp_path / "python3", "exit 127")  # a version manager's shim without a version
    (tmp_path / "python3.12").symlink_to(sys.executable)
    found = find_python(tmp_path)
    assert found.returncode == 0
    assert os.access(found.stdout.strip(), os.X_OK)


@pytest.mark.parametrize(
    ("python", "missing"),
    [
        ("exit 127", "Python 3.11 ou plus récent"),
        ("exit 0", "Python 3.11 ou plus récent"),  # an older one prints no version
        ('case "$2" in *ensurepip*) exit 1;; *) echo 3.12;; esac', "module venv de Python 3.12"),
    ],
)
def test_find_python_when_there_is_none_gives_one_line_with_the_repair(
    tmp_path: Path, python: str, missing: str
) -> None:
    program(tmp_path / "python3", python)
    program(tmp_path / "apt-get", "exit 1")
    program(tmp_path / "id", "echo 0")
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    assert missing in found.stderr
    assert "apt-get install -y python3" in found.stderr


def test_packages_when_stamped_are_not_installed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "VENV", tmp_path)
    calls: list[object] = []

    def fake_run(command: object, **_options: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(subprocess, "run", fake_run)
    setup.install_packages(dev=False)
    setup.install_packages(dev=False)
    assert len(calls) == 1
    setup.install_packages(dev=True)
    setup.install_packages(dev=False)
    assert len(calls) == 2


def test_vendor_files_when_one_is_missing_are_stale(tmp_path: Path) -> None:
    source = tmp_path / "node_modules"
    source.mkdir()
    (source / "a.js").write_text("1")
    target, files = tmp_path / "static/vendor", {"js/a.js": "a.js"}
    vendor.put_in_place(source, target, files, "stamp")
    assert vendor.is_current(target, files, "stamp")
    assert not vendor.is_current(target, files, "another")
    (target / "js/a.js").unlink()
    assert not vendor.is_current(target, files, "stamp")
    assert [path.name for path in target.parent.iterdir()] == ["vendor"]


def test_lock_files_name_no_registry() -> None:
    locks = [
        *ROOT.glob("requirements*.lock"),
        *ROOT.glob("tools/*.lock"),
        ROOT / "package-lock.json",
    ]
    assert len(locks) == 4
    for lock in locks:
        text = lock.read_text()
        assert "--index" not in text
        assert "resolved" not in text or lock.suffix == ".lock"
        assert not [line for line in text.splitlines() if "://" in line and '"url"' not in line]

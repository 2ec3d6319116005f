"""`python -m bench [--sets S,M] [--count 200]`: prints one BENCH line a measure, writes JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import psycopg

from bench.client import Client
from bench.creation import Creation
from bench.dataset import SETS, Spec
from bench.feeds import Feeds
from bench.load import Memory, flat_memory, throughput
from bench.measures import Line, Measures
from bench.provider import Provider
from bench.rules import RuleChanges
from bench.seasons import Seasons
from bench.stage import BenchError, database, plain, product, service
from config import ROOT, ConfigError
from salle.kernel.clock import utcnow
from salle.postgres import PostgresError


def main() -> int:
    """Exit status: 0 when every measure could be made with equal answers."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sets", default=os.environ.get("SETS") or "S,M")
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    names = [name.strip().upper() for name in options.sets.split(",") if name.strip()]
    unknown = [name for name in names if name not in SETS]
    if unknown:
        print(f"Jeu inconnu : {', '.join(unknown)} (connus : {', '.join(SETS)})", file=sys.stderr)
        return 2
    data_dir = Path(os.environ.get("SALLE_DATA_DIR") or ROOT / "var").absolute()
    folder = data_dir / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[Line | Memory] = []
    try:
        for name in names:
            lines += measure(SETS[name], folder, options.count)
            write(lines, data_dir)  # what follows may be stopped: it takes long
        if {"M", "L"} <= set(names):
            lines.append(compare(SETS["M"], SETS["L"], folder, options.count))
            print(lines[-1], flush=True)
            write(lines, data_dir)
    except (BenchError, ConfigError, PostgresError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def write(lines: list[Line | Memory], data_dir: Path) -> None:
    """Every line so far, as JSON."""
    report = {"at": utcnow().isoformat(), "lines": [line.as_dict() for line in lines]}
    target = data_dir / "bench.json"
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"Résultats écrits dans {target}.", flush=True)


def measure(spec: Spec, folder: Path, count: int) -> list[Line | Memory]:
    """Every measure of one data set, printed as it comes."""
    lines: list[Line | Memory] = []
    with (
        database(folder, spec, utcnow().date()) as url,
        Provider() as provider,
        product(url, folder) as app,
        service(url, folder, provider=provider.url) as ours,
        service(url, folder, "bench.thin:app") as bare,
        Client(ours.port) as client,
        Client(bare.port) as thin,
        Client(provider.port) as till,
        psycopg.connect(plain(url), autocommit=True, prepare_threshold=0) as connection,
    ):
        connection.execute("SET timezone = 'UTC'")
        measures = Measures(client, connection, spec, count, thin=thin)
        creation = Creation(measures, provider, till)
        seasons, feeds = Seasons(measures), Feeds(measures)
        reading = (measures.free_rooms, measures.room_free, seasons.season, seasons.season_counts)
        changes = RuleChanges(measures, app)
        writing = (feeds.feed, creation.create, creation.create_series, changes.change)
        for one in reading if spec.reads_only else (*reading, *writing):
            for line in one():
                print(line, flush=True)
                lines.append(line)
        print(f"Flask nu, même machine, même connexion : {measures.thin_ms():.2f} ms", flush=True)
        if spec.under_load:
            lines.append(flat_memory(ours, spec))
            print(lines[-1], flush=True)
    if spec.under_load:
        with database(folder, spec, utcnow().date()) as url:
            lines.append(throughput(url, folder, spec))
            print(lines[-1], flush=True)
    return lines


def compare(small: Spec, large: Spec, folder: Path, count: int) -> Line:
    """The search of one slot in the same square of both sets: the country must not be felt."""
    today = utcnow().date()
    with (
        database(folder, small, today, copied=False) as near,
        database(folder, large, today) as far,
        service(near, folder) as ours,
        service(far, folder) as other,
        service(near, folder, "bench.thin:app") as bare,
        Client(ours.port) as client,
        Client(other.port) as far_client,
        Client(bare.port) as thin,
        psycopg.connect(plain(near), autocommit=True) as connection,
    ):
        measures = Measures(client, connection, large, count, thin=thin)
        return measures.across(far_client)


if __name__ == "__main__":
    sys.exit(main())

"""Make everything the checkout needs to run: `.venv`, locked packages, command, vendor assets.

Standard library only: it runs under the machine's own Python, before anything is installed. Each
step leaves a stamp (a hash of what it was made from), so that a second run touches nothing and
works offline.
"""

import argparse
import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"

# The first lines are shell and Python at once: a `#!` line cannot hold a path with a space.
COMMAND = """#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
import sys

from salle.cli import main

sys.exit(main())
"""


class SetupError(Exception):
    """A step failed; the message is one French line that says what to do."""


def say(text: str) -> None:
    """Tell the person at the terminal what is going on."""
    print(f"→ {text}", flush=True)


def fingerprint(*parts: str | Path) -> str:
    """Hash the given texts and the content of the given files."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def is_current(stamp: Path, expected: str) -> bool:
    """Tell whether a step was finished from exactly these inputs."""
    return stamp.is_file() and stamp.read_text() == expected


@contextmanager
def only_one_setup() -> Iterator[None]:
    """Make a second set-up in the same checkout wait for the first."""
    with RUNTIME_LOCK.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def venv_works() -> bool:
    """Tell whether `.venv` is whole, of a fit Python, and was made at this very place."""
    stamp = VENV / "salle-place"
    if not is_current(stamp, str(ROOT)):
        return False
    check = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run([VENV / "bin/python", "-c", check], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def make_venv() -> None:
    """Create `.venv`, with the checkout importable in it and the `salle` command."""
    if not venv_works():
        say(f"Création de l'environnement Python {sys.version.split()[0]} (.venv)…")
        shutil.rmtree(VENV, ignore_errors=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        except subprocess.CalledProcessError as error:
            message = "L'environnement Python n'a pas pu être créé dans .venv."
            raise SetupError(message) from error
        (VENV / "salle-place").write_text(str(ROOT))
    site_packages = next((VENV / "lib").glob("python3.*/site-packages"))
    (site_packages / "salle-checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = VENV / "bin/salle"
    command.write_text(COMMAND, encoding="utf-8")
    command.chmod(0o755)


def install_packages(*, dev: bool) -> None:
    """Install exactly what the lock files list, every file checked against its hash."""
    levels = {"exécution": RUNTIME_LOCK, "développement": DEV_LOCK}
    stamps = {name: VENV / f"salle-{lock.stem}" for name, lock in levels.items()}
    wanted = {name: fingerprint(lock) for name, lock in levels.items()}
    # What was once installed for development is kept up to date as such.
    level = "développement" if dev or stamps["développement"].exists() else "exécution"
    if is_current(stamps[level], wanted[level]):
        return
    count = sum("==" in line for line in levels[level].read_text().splitlines())
    say(f"Installation des paquets Python ({level}, {count} paquets)…")
    command: list[str | Path] = [
        *(VENV / "bin/python", "-m", "pip", "--disable-pip-version-check", "--no-input"),
        *("install", "-qq", "--require-hashes", "--only-binary=:all:"),
        *("--requirement", levels[level]),
    ]
    if subprocess.run(command, check=False, cwd=ROOT).returncode:
        message = "Les paquets Python n'ont pas pu être installés : vérifiez l'accès au réseau."
        raise SetupError(f"{message} Puis relancez la même commande.")
    if level == "développement":
        stamps["exécution"].write_text(wanted["exécution"])
    stamps[level].write_text(wanted[level])


def copy_vendor_assets() -> None:
    """Fetch the front-end libraries (npm is used once, then no more)."""
    vendor = ROOT / "tools/vendor.py"
    if subprocess.run([VENV / "bin/python", vendor], check=False, cwd=ROOT).returncode:
        raise SetupError("Les bibliothèques d'interface n'ont pas pu être installées.")


def main(arguments: list[str] | None = None) -> int:
    """Run every step that is not up to date; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    options = parser.parse_args(arguments)
    try:
        with only_one_setup():
            make_venv()
            install_packages(dev=options.dev)
            copy_vendor_assets()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Installation interrompue : relancez la même commande.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

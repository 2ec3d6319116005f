"""The embedded PostgreSQL: a real server from a PyPI wheel, one per data folder, started on demand.

Every process that needs the server of a folder calls `ensure`; the first starts it, the last one
to leave stops it, and the kernel frees the place of a killed process. The server listens on
127.0.0.1 only, behind a random password kept in the folder. Where DATABASE_URL is set, none of
this is used. Linux only: it reads /proc.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from salle.postgres.runner import PostgresError, binary
from salle.postgres.server import Server

__all__ = ["PostgresError", "binary", "ensure", "is_running", "stop", "throwaway"]

# Nothing that a throw-away server holds is worth waiting for the disk.
THROWAWAY_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}
_THROWAWAY_PREFIX = "salle-postgres-"


def ensure(data_dir: Path, *, settings: Mapping[str, str] | None = None, keep: bool = False) -> str:
    """Start the server of this folder if it is not running; return its SQLAlchemy address.

    Any number of processes may call it at once. `settings` are PostgreSQL's own and count only
    for the call that starts the server. The server runs until the last process that called
    without `keep` has ended. Raises PostgresError.
    """
    server = Server(data_dir)
    try:
        with server.locked():
            server.create()
            server.start(settings or {})
            if not keep:
                server.join()
            return server.url()
    except PermissionError as error:
        message = f"Le dossier {server.home} appartient à un autre compte ({error.filename})"
        remedy = "relancez avec ce compte, ou choisissez un autre dossier (SALLE_DATA_DIR)"
        raise PostgresError(f"{message} : {remedy}.") from error
    except OSError as error:
        raise PostgresError(
            f"PostgreSQL ne peut pas démarrer dans {server.home} : {error}"
        ) from error


def stop(data_dir: Path) -> None:
    """Stop the server of this folder, whoever uses it; nothing happens if it is not running."""
    server = Server(data_dir)
    if server.home.exists():
        with server.locked():
            server.stop()


def is_running(data_dir: Path) -> bool:
    """Tell whether the server of this folder accepts connections."""
    return Server(data_dir).answers()


@contextmanager
def throwaway(settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server for tests in a temporary folder; yield its address, leave nothing behind."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_THROWAWAY_PREFIX))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must pass through
    try:
        yield ensure(folder, settings={**THROWAWAY_SETTINGS, **(settings or {})})
    finally:
        server = Server(folder)
        if server.home.exists():
            server.leave(mode="immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove the throw-away servers whose process was killed before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_THROWAWAY_PREFIX}*/"):
        server = Server(folder)
        # Without a users file, it is being made at this very moment.
        if folder.stat().st_uid == os.geteuid() and server.users_file.exists():
            with suppress(OSError, PostgresError):
                if server.stop_if_unused(mode="immediate"):
                    shutil.rmtree(folder, ignore_errors=True)

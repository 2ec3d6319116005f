"""Encryption at rest of what must not be read in a copy of the database."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Sealer:
    """Seal and open short texts, each bound to the row that holds it.

    `keys`: Fernet keys separated by commas, the first one seals, all of them open
    (rotation). `context` is kept inside: a value copied to another row does not open.
    """

    def __init__(self, keys: str) -> None:
        self._keys = [key.strip() for key in keys.split(",") if key.strip()]
        self._fernet = MultiFernet([Fernet(key) for key in self._keys])

    def seal(self, text: str, *, context: str) -> bytes:
        """Encrypt `text` for the row named by `context`."""
        return self._fernet.encrypt(f"{context}\n{text}".encode())

    def open(self, sealed: bytes, *, context: str) -> str:
        """Decrypt; ValueError when the key or the row is not the right one."""
        try:
            kept, _, text = self._fernet.decrypt(bytes(sealed)).decode().partition("\n")
        except InvalidToken as error:
            raise ValueError("cannot open: wrong key or altered value") from error
        if not hmac.compare_digest(kept, context):
            raise ValueError("cannot open: sealed for another row")
        return text

    def digest(self, text: str, *, context: str) -> str:
        """A keyed fingerprint, to look a secret up without storing it (HMAC-SHA256).

        The last key of the list makes it: a rotation adds new keys in front.
        """
        key = hashlib.sha256(self._keys[-1].encode()).digest()
        return hmac.new(key, f"{context}\n{text}".encode(), hashlib.sha256).hexdigest()

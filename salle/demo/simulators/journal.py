"""A small durable store: objects by collection and id, in one file that survives SIGKILL.

Each change is one appended line, so that what a request writes is kept whole or not at all.
At start the lines are folded into a snapshot that replaces the former one atomically.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Item = dict[str, Any]


class Busy(Exception):
    """Another process holds this store."""


class Journal:
    """Use every method inside `with journal.change()`; the lock is re-entrant."""

    def __init__(self, path: Path, *, patience: float = 5.0) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._snapshot = path
        self._lines = path.with_suffix(".journal")
        self._guard = self._acquire(path.with_suffix(".lock"), patience)
        self._lock = threading.RLock()
        self._depth = 0
        self._pending: list[tuple[str, str, Item | None]] = []
        self._collections: dict[str, dict[str, Item]] = self._load()
        self._compact()
        self._file = self._lines.open("a", encoding="utf-8")

    @staticmethod
    def _acquire(path: Path, patience: float) -> int:
        """A former process may still be dying: wait for it a little."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise Busy(str(path)) from error
                time.sleep(0.1)
            else:
                return descriptor

    def _load(self) -> dict[str, dict[str, Item]]:
        collections: dict[str, dict[str, Item]] = {}
        if self._snapshot.exists():
            collections = json.loads(self._snapshot.read_text(encoding="utf-8"))
        lines = self._lines.read_text(encoding="utf-8") if self._lines.exists() else ""
        for line in lines.split("\n")[:-1]:  # a last line without its end was never promised
            for collection, key, item in json.loads(line):
                if item is None:
                    collections.get(collection, {}).pop(key, None)
                else:
                    collections.setdefault(collection, {})[key] = item
        return collections

    def _compact(self) -> None:
        draft = self._snapshot.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(self._collections, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._snapshot)
        self._lines.unlink(missing_ok=True)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Alone with the data; what was put is written when the outermost block ends well.

        After an exception the memory is rebuilt from the files, as after a crash.
        """
        with self._lock:
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._pending:
                    self._pending = []
                    self._collections = self._load()
                raise
            else:
                if self._depth == 1 and self._pending:
                    self._file.write(json.dumps(self._pending, ensure_ascii=False) + "\n")
                    self._file.flush()
                    self._pending = []
            finally:
                self._depth -= 1

    def get(self, collection: str, key: str) -> Item | None:
        """A copy: change it and put it back."""
        item = self._collections.get(collection, {}).get(key)
        return None if item is None else json.loads(json.dumps(item))

    def put(self, collection: str, key: str, item: Item) -> None:
        copied: Item = json.loads(json.dumps(item))
        self._collections.setdefault(collection, {})[key] = copied
        self._pending.append((collection, key, copied))

    def remove(self, collection: str, key: str) -> None:
        if self._collections.get(collection, {}).pop(key, None) is not None:
            self._pending.append((collection, key, None))

    def items(self, collection: str) -> list[tuple[str, Item]]:
        """In order of insertion; read only."""
        return list(self._collections.get(collection, {}).items())

    def close(self) -> None:
        with self._lock:
            self._file.close()
            os.close(self._guard)

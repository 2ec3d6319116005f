"""Delivers the simulated Stripe's events: signed, at least once, in no promised order."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import time
from typing import Any

import requests

from salle.demo.simulators.journal import Item, Journal

logger = logging.getLogger(__name__)

# Seconds before each further try: about a day in all, then the event is only in the books.
DELAYS = (1, 2, 5, 10, 30, 60, 300, 900, *(3600,) * 23)
TIMEOUT_SECONDS = 10
WORKERS = 4
QUEUE = "deliveries"
CONTROL = "control"


def sign(payload: bytes, secret: str, timestamp: int) -> str:
    """The Stripe-Signature header."""
    signed = str(timestamp).encode() + b"." + payload
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Deliveries:
    """The queue is in the journal: what was not acknowledged is sent again after a restart."""

    def __init__(self, journal: Journal, *, url: str | None, secret: str) -> None:
        self.journal = journal
        self.url = url
        self.secret = secret
        self._wake = threading.Condition()
        self._taken: set[str] = set()

    def start(self) -> None:
        """Whatever waits is due at once: the receiver has probably started anew as well."""
        with self.journal.change():
            for key, item in self.journal.items(QUEUE):
                self.journal.put(QUEUE, key, {**item, "due": 0})
        for number in range(WORKERS):
            threading.Thread(target=self._work, name=f"webhooks-{number}", daemon=True).start()

    def enqueue(self, event: Item) -> None:
        """Within the change that made the event; a replayed event starts over."""
        if self.url is None:
            return
        control = self.journal.get(CONTROL, "webhooks") or {}
        due = time.time() + control.get("delay", 0)
        self.journal.put(QUEUE, event["id"], {"event": event, "tries": 0, "due": due})

    def wake(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def pending(self) -> int:
        with self.journal.change():
            return len(self.journal.items(QUEUE))

    def _work(self) -> None:
        while True:
            taken = self._take()
            if taken is None:
                with self._wake:
                    self._wake.wait(0.25)
                continue
            key, event = taken
            try:
                self._settle(key, self._send(event))
            finally:
                with self._wake:
                    self._taken.discard(key)

    def _take(self) -> tuple[str, Item] | None:
        now = time.time()
        with self.journal.change(), self._wake:
            for key, item in self.journal.items(QUEUE):
                if item["due"] <= now and key not in self._taken:
                    self._taken.add(key)
                    event: Item = item["event"]
                    return key, event
        return None

    def _send(self, event: dict[str, Any]) -> bool:
        if self.url is None or self._is_dropped():
            return False
        payload = json.dumps(event, ensure_ascii=False, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(payload, self.secret, int(time.time())),
            "User-Agent": "Stripe/1.0 (simulation)",
        }
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy between us and the service
                answer = session.post(
                    self.url,
                    data=payload,
                    headers=headers,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
        except (requests.RequestException, ValueError):
            return False
        return 200 <= answer.status_code < 300

    def _is_dropped(self) -> bool:
        """For tests: so many of the next tries are lost on the way."""
        with self.journal.change():
            control = self.journal.get(CONTROL, "webhooks") or {}
            if control.get("drop", 0) <= 0:
                return False
            self.journal.put(CONTROL, "webhooks", {**control, "drop": control["drop"] - 1})
            return True

    def _settle(self, key: str, acknowledged: bool) -> None:
        with self.journal.change():
            item = self.journal.get(QUEUE, key)
            if item is None:
                return
            tries = item["tries"] + 1
            if acknowledged or tries > len(DELAYS):
                self.journal.remove(QUEUE, key)
                if not acknowledged:
                    logger.warning("webhook.given_up", extra={"event_id": key})
                return
            due = time.time() + DELAYS[tries - 1]
            self.journal.put(QUEUE, key, {**item, "tries": tries, "due": due})

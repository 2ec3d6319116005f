"""The simulators as a process: pages anyone can read, many clients at once, no orphan."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import html5lib
import pytest
import requests
from bs4 import BeautifulSoup

from config import ROOT
from salle.adapters.stripe_gateway import StripeGateway
from salle.kernel.clock import utcnow
from tests.integration.simulators.test_identity_provider import GOOD
from tests.support.simulators import Simulators


def open_page(gateway: StripeGateway) -> str:
    return gateway.create_checkout(
        payment_id=uuid4(),
        account="acct_demo_tilleuls",
        amount_cents=123456,
        label="Collège <des> Tilleuls – Gymnase",
        reference="R-2",
        customer_email="association@demo.example",
        success_url="http://127.0.0.1:8000/retour",
        cancel_url="http://127.0.0.1:8000/abandon",
        expires_at=utcnow() + timedelta(minutes=10),
    ).url


@pytest.mark.parametrize("which", ["choice", "refusal", "pay", "paid", "unknown", "lost"])
def test_page_is_valid_french_and_loads_nothing_from_elsewhere(
    simulators: Simulators, gateway: StripeGateway, which: str
) -> None:
    base, authorize = simulators.base, f"{simulators.base}/identite/authorize"
    if which in {"pay", "paid"}:
        address = open_page(gateway)
        if which == "paid":
            requests.post(address, data={"outcome": "paid"}, allow_redirects=False, timeout=5)
        answer = requests.get(address, timeout=5)
    else:
        answer = {
            "choice": lambda: requests.get(authorize, params=GOOD, timeout=5),
            "refusal": lambda: requests.get(authorize, timeout=5),
            "unknown": lambda: requests.get(f"{base}/stripe/pay/cs_x", timeout=5),
            "lost": lambda: requests.get(f"{base}/ailleurs", timeout=5),
        }[which]()
    answer.encoding = "utf-8"
    html5lib.HTMLParser(strict=True).parse(answer.text)
    page = BeautifulSoup(answer.text, "html.parser")
    assert page.html is not None
    assert page.html["lang"] == "fr"
    assert len(page.find_all("h1")) == 1
    assert page.find("header") is not None
    assert "Simulation" in page.get_text()
    assert not page.find_all("script")
    assert not page.select("[style]")
    for link in page.select("link[href], img[src]"):
        assert str(link.get("href", link.get("src"))).startswith(("/", "data:"))
    for button in page.find_all("button"):
        assert button.get_text(strip=True)
        assert button["type"] == "submit"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_payment_page_shows_amount_and_seller_escaped(
    simulators: Simulators, gateway: StripeGateway
) -> None:
    page = requests.get(open_page(gateway), timeout=5).text
    assert "1\u202f234,56\u00a0€" in page
    assert "Collège &lt;des&gt; Tilleuls" in page
    assert page.count('name="outcome"') == 3


def test_checkout_when_20_ask_at_once_with_one_key_then_one_session(
    gateway: StripeGateway,
) -> None:
    payment_id, until = uuid4(), utcnow() + timedelta(minutes=10)

    def ask(_: int) -> str:
        return gateway.create_checkout(
            payment_id=payment_id,
            account="acct_demo_tilleuls",
            amount_cents=500,
            label="Salle",
            reference="R-3",
            customer_email=None,
            success_url="http://127.0.0.1:8000/retour",
            cancel_url="http://127.0.0.1:8000/abandon",
            expires_at=until,
        ).id

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(ask, range(20)))) == 1


def test_checkout_when_paid_by_20_clicks_at_once_then_once(
    gateway: StripeGateway,
) -> None:
    address = open_page(gateway)

    def press(_: int) -> int:
        answer = requests.post(address, data={"outcome": "paid"}, allow_redirects=False, timeout=10)
        return answer.status_code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(press, range(20))) == [303] + [409] * 19


def test_process_when_its_parent_is_killed_then_ends(tmp_path: Path) -> None:
    """A parent that is SIGKILLed, as when the demonstration is, leaves no orphan behind."""
    running = Simulators(tmp_path)
    environment = {k: v for k, v in running.environment().items() if k != "SIMULATORS_PARENT_PID"}
    code = (
        "import subprocess, sys; "
        "child = subprocess.Popen([sys.executable, '-m', 'salle.demo.simulators']); "
        "print(child.pid, flush=True); child.wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    deadline = time.monotonic() + 20
    while not _answers(running) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _answers(running)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _is_alive(child)


def test_process_when_the_folder_is_in_use_then_one_clear_line(own_simulators: Simulators) -> None:
    second = Simulators(own_simulators.data_dir)
    done = subprocess.run(
        [sys.executable, "-m", "salle.demo.simulators"],
        cwd=ROOT,
        env=second.environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Les simulateurs tournent déjà")
    assert len(done.stderr.splitlines()) == 1


def _answers(running: Simulators) -> bool:
    try:
        return requests.get(f"{running.base}/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def _is_alive(pid: int) -> bool:
    """Not even a zombie that nobody has buried."""
    try:
        os.kill(pid, 0)
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False

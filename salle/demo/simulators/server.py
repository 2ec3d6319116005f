"""Runs the simulated outside services on one port of this machine."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from types import FrameType

from flask import Flask, Response, send_from_directory
from werkzeug.serving import WSGIRequestHandler, make_server

from config import ROOT
from salle.demo.simulators import geocoding, identity, stripe, stripe_page
from salle.demo.simulators.journal import Busy
from salle.demo.simulators.settings import Settings
from salle.demo.simulators.web import add_headers, page

logger = logging.getLogger("salle.simulators")

HOST = "127.0.0.1"
WATCH_SECONDS = 0.5
FONTS = ROOT / "static" / "vendor" / "fonts"
MAX_BODY = 256 * 1024


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open and says nothing of requests: they hold tokens."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def create_simulators(settings: Settings) -> Flask:
    """The application, without its background threads."""
    app = Flask("salle_simulators", root_path=os.path.dirname(__file__))
    app.config["SETTINGS"] = settings
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["PROVIDER"] = identity.Provider(settings)
    app.config["STRIPE"] = stripe.Simulator(settings)
    app.register_blueprint(geocoding.blueprint)
    app.register_blueprint(identity.blueprint)
    app.register_blueprint(stripe.blueprint)
    app.register_blueprint(stripe_page.blueprint)
    app.after_request(add_headers)
    app.register_error_handler(404, lambda _: page("not_found", 404))
    app.add_url_rule("/police.woff2", "font", _font)
    app.add_url_rule("/healthz", "healthz", lambda: {"status": "ok"})
    return app


def _font() -> Response:
    """The product's own typeface, from where the set-up put it."""
    return send_from_directory(FONTS, "atkinson-hyperlegible-next-latin.woff2", max_age=86400)


def run(settings: Settings) -> int:
    """Serve until SIGTERM, Ctrl-C or the death of the parent process."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    try:
        app = create_simulators(settings)
        server = make_server(HOST, settings.port, app, threaded=True, request_handler=QuietHandler)
    except Busy:
        sys.stderr.write(f"Les simulateurs tournent déjà avec le dossier {settings.folder}.\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"Port {settings.port} indisponible : {error.strerror}.\n")
        return 1
    simulated: stripe.Simulator = app.config["STRIPE"]
    simulated.deliveries.start()
    for task in (lambda: _watch_parent(settings.parent_pid), lambda: _sweep(simulated)):
        threading.Thread(target=task, daemon=True).start()
    server.serve_forever()
    return 0


def _leave(signum: int, frame: FrameType | None) -> None:
    """At once: every change is already in the journal."""
    os._exit(0)


def _watch_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(WATCH_SECONDS)
    os._exit(0)


def _sweep(simulated: stripe.Simulator) -> None:
    while True:
        time.sleep(1)
        with simulated.journal.change():
            simulated.books.expire_due()

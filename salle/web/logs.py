"""Logs: one JSON object a line, constant event names, ids only."""

from __future__ import annotations

import json
import logging
import sys
import uuid

from flask import Flask, Response, g, request

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Event name, level, and the `extra` values; never an argument interpolated in the text."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update({k: str(v) for k, v in vars(record).items() if k not in STANDARD})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def init_logs(app: Flask) -> None:
    """One handler on standard error; a request id on each request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    app.logger.handlers[:] = [handler]
    app.logger.propagate = False
    app.logger.setLevel(logging.WARNING if app.config["ENVIRONMENT"] == "demo" else logging.INFO)
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.request_id = uuid.uuid4().hex[:16]


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if response.status_code >= 500:
        logging.getLogger("salle").warning(
            "request.error",
            extra={"endpoint": request.endpoint or "", "request_id": g.get("request_id", "")},
        )
    return response

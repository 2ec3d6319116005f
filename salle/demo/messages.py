"""The mailbox of the demonstration: every message of the outbox, whoever it is for."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, render_template

from salle.kernel.clock import to_wall
from salle.mail.models import OutboxMessage
from salle.mail.outgoing import open_text
from salle.mail.queries import list_latest
from salle.web.access import public

blueprint = Blueprint("demo_messages", __name__)

UNREADABLE = "(Illisible : la clé qui scellait ce message n’est plus là.)"


@blueprint.get("/demo/messages")
@public
def index() -> str:
    """The messages, newest first."""
    messages = [(message, _text(message)) for message in list_latest()]
    return render_template("demo/messages.html", messages=messages)


@blueprint.get("/demo/messages.json")
@public
def as_json() -> Response:
    """The same for programs."""
    body = orjson.dumps({"items": [_item(message) for message in list_latest()]})
    return Response(body, mimetype="application/json")


def _text(message: OutboxMessage) -> str:
    try:
        return open_text(message)
    except ValueError:
        return UNREADABLE


def _item(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "channel": message.channel.value,
        "to": message.recipient,
        "subject": message.subject,
        "text": _text(message),
        "created_at": to_wall(message.created_at).isoformat(timespec="seconds"),
        "state": message.state.value,
    }

"""Text of a message from its template: no request is needed, links start with PUBLIC_URL."""

from __future__ import annotations

import re

from flask import current_app

from salle.installation import public_url
from salle.mail.message import Message

_MANY_BLANK_LINES = re.compile(r"\n{3,}")


def render_text(message: Message) -> str:
    """The body, without trailing spaces nor more than one blank line at a time."""
    template = current_app.jinja_env.get_template(message.template)
    text = template.render(**message.context, public_url=public_url())
    lines = "\n".join(line.rstrip(" \t") for line in text.splitlines())
    return _MANY_BLANK_LINES.sub("\n\n", lines).strip() + "\n"


def one_line(text: str) -> str:
    """Safe as a header: control characters and runs of spaces become one space."""
    return " ".join("".join(c if c.isprintable() or c == "\u00a0" else " " for c in text).split())

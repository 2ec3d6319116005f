"""What one says to whom, before it is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Message:
    """An e-mail to one person; `template` is the name of its text below templates/."""

    to: str
    subject: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)

"""Enumerations whose members carry the French word a person reads."""

from __future__ import annotations

from enum import StrEnum


class LabelledEnum(StrEnum):
    """`MEMBER = "stored_value", "libellé affiché"`."""

    label: str

    def __new__(cls, value: str, label: str = "") -> LabelledEnum:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label or value
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """(stored value, label) pairs in order of declaration."""
        return [(member.value, member.label) for member in cls]

"""Stretches of time as pairs (start, end), half-open: joined, and taken away. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]


def merge(spans: Iterable[Span], gap: timedelta = timedelta()) -> list[Span]:
    """In order; those that overlap, touch, or are no further apart than the gap become one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + gap:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def subtract(spans: Iterable[Span], cuts: Iterable[Span]) -> list[Span]:
    """What is left of the spans without the cuts, in order, merged."""
    away = merge(cuts)
    left: list[Span] = []
    for start, end in merge(spans):
        low = start
        for cut_start, cut_end in away:
            if cut_start < end and low < cut_end:
                if low < cut_start:
                    left.append((low, cut_start))
                low = cut_end
        if low < end:
            left.append((low, end))
    return left

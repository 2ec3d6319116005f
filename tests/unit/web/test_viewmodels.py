"""Placing the shares of a bar."""

from __future__ import annotations

from salle.web.viewmodels import BAR_GAP, BAR_WIDTH, bar_parts


def test_bar_parts_fill_the_width_in_proportion() -> None:
    first, second = bar_parts([("A", "1", 30), ("B", "2", 10)])
    assert abs(first.width - 3 * second.width) < 0.1
    assert second.x == round(first.width + BAR_GAP, 2)
    assert abs(second.x + second.width - BAR_WIDTH) < 0.1


def test_bar_parts_leave_empty_shares_out() -> None:
    assert [part.label for part in bar_parts([("A", "1", 0), ("B", "2", 5)])] == ["B"]
    assert bar_parts([]) == []

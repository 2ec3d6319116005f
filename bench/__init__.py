"""Measures of the hot requests against the best hand-written SQL for the same question."""

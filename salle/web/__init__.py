"""Helpers that know HTTP; imported by routes only."""

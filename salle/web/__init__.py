"""Helpers of the HTTP side only; no rule of the domain lives here."""

"""Collectivités served by this installation."""

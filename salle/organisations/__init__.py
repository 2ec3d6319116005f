"""Associations and other requesters, and their members."""

"""Doors, access grants with their codes, and the tries on the keypads."""

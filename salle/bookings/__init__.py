"""Bookings: the use cases that bring rooms, payments, doors and messages together."""

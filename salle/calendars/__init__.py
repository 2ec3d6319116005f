"""Calendars to subscribe to (RFC 5545): what takes a room, and people's own, by secret address."""

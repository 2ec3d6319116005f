"""Tariffs, payments on each collège's own account, and the append-only ledger."""

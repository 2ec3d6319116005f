"""Bookings, their dates, and the events that tell their story."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from salle.bookings.rules import BookingState, DateState
from salle.db import Model, UuidKey, enum_type


class Booking(UuidKey, Model):
    """A room booked by an organisation for one or several dates. The price is frozen."""

    __tablename__ = "booking"
    reference: Mapped[str] = mapped_column(unique=True)
    room_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("room.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    created_by_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    state: Mapped[BookingState] = mapped_column(enum_type(BookingState, "state"))
    purpose: Mapped[str]
    headcount: Mapped[int]
    price_cents: Mapped[int]
    full_value_cents: Mapped[int]
    price_rule: Mapped[str]
    tariff_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("tariff.id"))
    hold_expires_at: Mapped[datetime | None]
    idempotency_key: Mapped[str | None]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    dates: Mapped[list[BookingDate]] = relationship(
        lazy="raise", order_by="BookingDate.starts_at", back_populates="booking"
    )

    __table_args__ = (
        sa.UniqueConstraint("created_by_id", "idempotency_key"),
        sa.CheckConstraint("headcount BETWEEN 1 AND 9999", name="headcount"),
        sa.CheckConstraint("length(purpose) BETWEEN 1 AND 500", name="purpose"),
        sa.CheckConstraint("0 <= price_cents AND price_cents <= full_value_cents", name="price"),
        sa.CheckConstraint(
            "(state IN ('held', 'requested')) <= (hold_expires_at IS NOT NULL)", name="hold_ends"
        ),
        sa.CheckConstraint("state <> 'confirmed' OR confirmed_at IS NOT NULL", name="confirmed_at"),
        sa.Index(
            "ix_booking_ending",
            "hold_expires_at",
            postgresql_where=sa.text("state IN ('held', 'requested')"),
        ),
    )

    def __repr__(self) -> str:
        return f"<Booking {self.reference} {self.state}>"


class BookingDate(UuidKey, Model):
    """One use of the room, half-open instants.

    A date wanted and not obtained stays as a wish: `skipped`, free of charge, with the stable
    code of its reason (docs/api.md) and the sentence that was true then.
    """

    __tablename__ = "booking_date"
    booking_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("booking.id", ondelete="CASCADE"), index=True
    )
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[DateState] = mapped_column(enum_type(DateState, "state"))
    price_cents: Mapped[int]
    full_value_cents: Mapped[int]
    reason: Mapped[str | None]
    explanation: Mapped[str | None]

    booking: Mapped[Booking] = relationship(back_populates="dates", lazy="raise")

    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="not_empty"),
        sa.CheckConstraint("0 <= price_cents AND price_cents <= full_value_cents", name="price"),
        sa.CheckConstraint(
            "state <> 'skipped' OR (reason IS NOT NULL AND explanation IS NOT NULL"
            " AND full_value_cents = 0)",
            name="skipped",
        ),
        sa.Index("ix_booking_date_starts_at", "starts_at"),
    )


class BookingEvent(Model):
    """A transition of a booking: who, when, from, to, why. Never updated."""

    __tablename__ = "booking_event"
    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(), primary_key=True)
    booking_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("booking.id", ondelete="CASCADE"), index=True
    )
    actor_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    from_state: Mapped[BookingState | None] = mapped_column(enum_type(BookingState, "from_state"))
    to_state: Mapped[BookingState] = mapped_column(enum_type(BookingState, "to_state"))
    reason: Mapped[str | None]
    at: Mapped[datetime]

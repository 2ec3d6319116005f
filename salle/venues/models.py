"""Sites (collèges), elementary spaces, bookable rooms, opening rules, school calendar."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from salle.db import Model, UuidKey, enum_type
from salle.venues.rules import BookingMode, Period, RoomKind, SchoolCalendar


class Site(UuidKey, Model):
    """A place with an address: a collège, known by its UAI."""

    __tablename__ = "site"
    territory_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("territory.id"), index=True)
    uai: Mapped[str] = mapped_column(unique=True)
    siret: Mapped[str | None]
    name: Mapped[str]
    address: Mapped[str] = mapped_column(default="", server_default="")
    postcode: Mapped[str] = mapped_column(default="", server_default="")
    commune: Mapped[str]
    insee_code: Mapped[str] = mapped_column(default="", server_default="", index=True)
    phone: Mapped[str] = mapped_column(default="", server_default="")
    email: Mapped[str] = mapped_column(default="", server_default="")
    lat: Mapped[float] = mapped_column(sa.Double())
    lon: Mapped[float] = mapped_column(sa.Double())
    calendar: Mapped[SchoolCalendar] = mapped_column(enum_type(SchoolCalendar, "calendar"))
    time_zone: Mapped[str] = mapped_column(default="Europe/Paris", server_default="Europe/Paris")
    closed_on: Mapped[date | None]
    fictional: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    max_people: Mapped[int | None]  # present at once in all its rooms (fire safety)

    rooms: Mapped[list[Room]] = relationship(back_populates="site", lazy="raise")

    __table_args__ = (
        sa.CheckConstraint("uai ~ '^[0-9]{7}[A-HJ-NPR-Z]$'", name="uai_shape"),
        sa.CheckConstraint("siret ~ '^[0-9]{14}$'", name="siret_shape"),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="position"),
        sa.CheckConstraint("max_people BETWEEN 1 AND 99999", name="max_people"),
        sa.Index("ix_site_position", "lat", "lon"),
    )

    def __repr__(self) -> str:
        return f"<Site {self.uai}>"


class Space(UuidKey, Model):
    """An elementary physical place: two uses of it at the same time are impossible.

    `buffer` is the pause kept between two uses.
    """

    __tablename__ = "space"
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id"))
    name: Mapped[str]
    buffer: Mapped[timedelta] = mapped_column(default=timedelta(0), server_default="0")

    __table_args__ = (
        sa.UniqueConstraint("site_id", "name"),
        sa.UniqueConstraint("id", "buffer"),
        sa.CheckConstraint("buffer BETWEEN '0' AND '4 hours'", name="buffer"),
    )

    def __repr__(self) -> str:
        return f"<Space {self.id}>"


class Schedule(UuidKey, Model):
    """A set of opening windows: a site's own, or that of one room with rules of its own."""

    __tablename__ = "schedule"
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id"), index=True)
    for_room: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))

    __table_args__ = (
        sa.Index(
            "uq_schedule_site",
            "site_id",
            unique=True,
            postgresql_where=sa.text("NOT for_room"),
        ),
    )


class Room(UuidKey, Model):
    """What one books: one or several spaces of a site. Durations in minutes."""

    __tablename__ = "room"
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id"), index=True)
    territory_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("territory.id"))
    schedule_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("schedule.id"), index=True)
    slug: Mapped[str]
    name: Mapped[str]
    kind: Mapped[RoomKind] = mapped_column(enum_type(RoomKind, "kind"))
    capacity: Mapped[int]
    description: Mapped[str] = mapped_column(default="", server_default="")
    equipment: Mapped[list[str]] = mapped_column(
        sa.ARRAY(sa.Text()), default=list, server_default="{}"
    )
    accessible: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    booking_mode: Mapped[BookingMode] = mapped_column(
        enum_type(BookingMode, "booking_mode"), default=BookingMode.INSTANT
    )
    step_minutes: Mapped[int] = mapped_column(default=30, server_default="30")
    min_minutes: Mapped[int] = mapped_column(default=30, server_default="30")
    max_minutes: Mapped[int] = mapped_column(default=720, server_default="720")
    notice_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    horizon_days: Mapped[int] = mapped_column(default=365, server_default="365")
    code_before_minutes: Mapped[int] = mapped_column(default=15, server_default="15")
    code_after_minutes: Mapped[int] = mapped_column(default=10, server_default="10")
    code_shown_minutes: Mapped[int | None] = mapped_column(default=1440, server_default="1440")
    published_at: Mapped[datetime | None]
    hearing_loop: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    accessible_toilets: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    # A use must end by then: minutes after midnight, past 1440 in the night that follows.
    latest_minute: Mapped[int | None]

    site: Mapped[Site] = relationship(back_populates="rooms", lazy="raise")

    __table_args__ = (
        sa.UniqueConstraint("slug"),
        sa.CheckConstraint("slug ~ '^[a-z0-9-]{1,80}$'", name="slug_shape"),
        sa.CheckConstraint("capacity BETWEEN 1 AND 9999", name="capacity"),
        sa.CheckConstraint("latest_minute BETWEEN 360 AND 1740", name="latest_minute"),
        sa.CheckConstraint(
            "step_minutes BETWEEN 5 AND 240 AND min_minutes BETWEEN 5 AND max_minutes"
            " AND max_minutes <= 1440 AND notice_minutes >= 0 AND horizon_days BETWEEN 1 AND 730"
            " AND code_before_minutes BETWEEN 0 AND 120 AND code_after_minutes BETWEEN 0 AND 120"
            " AND code_shown_minutes >= 0",
            name="durations",
        ),
    )

    def __repr__(self) -> str:
        return f"<Room {self.slug}>"


class RoomWords(Model):
    """Words by which a room is found, without accents; kept by the triggers of words.sql."""

    __tablename__ = "room_words"
    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("room.id", ondelete="CASCADE"), primary_key=True
    )
    names: Mapped[str]
    equipment: Mapped[str]
    description: Mapped[str]

    __table_args__ = (
        sa.Index(
            "ix_room_words_trigrams",
            "names",
            "description",
            postgresql_using="gin",
            postgresql_ops={"names": "gin_trgm_ops", "description": "gin_trgm_ops"},
        ),
    )


class RoomSpace(Model):
    """A room occupies a space. `buffer` is the space's, kept equal by the foreign key."""

    __tablename__ = "room_space"
    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("room.id", ondelete="CASCADE"), primary_key=True
    )
    space_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, index=True)
    buffer: Mapped[timedelta] = mapped_column(default=timedelta(0), server_default="0")

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["space_id", "buffer"], ["space.id", "space.buffer"], onupdate="CASCADE"
        ),
    )


class OpeningRule(UuidKey, Model):
    """The truth about opening: minutes of the civil day; `closes` may pass midnight (1440).

    `weekday` is ISO (1 = Monday), None = every day. `valid` holds civil days, half-open.
    `reason`: why it opens or closes (« Brevet »); may stay empty.
    """

    __tablename__ = "opening_rule"
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id"), index=True)
    room_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("room.id", ondelete="CASCADE"))
    period: Mapped[Period] = mapped_column(enum_type(Period, "period"))
    weekday: Mapped[int | None]
    opens: Mapped[int]
    closes: Mapped[int]
    valid: Mapped[Range[date]] = mapped_column(
        DATERANGE(), default=lambda: Range(None, None), server_default="(,)"
    )
    reason: Mapped[str] = mapped_column(default="", server_default="")

    __table_args__ = (
        sa.UniqueConstraint(
            *("site_id", "room_id", "period", "weekday", "opens", "closes", "valid"),
            name="uq_opening_rule_same",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("length(reason) <= 120", name="reason"),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        sa.CheckConstraint("0 <= opens AND opens < 1440", name="opens"),
        sa.CheckConstraint("opens < closes AND closes <= opens + 1440", name="closes"),
        sa.CheckConstraint("NOT isempty(valid)", name="valid"),
    )


class OpeningWindow(Model):
    """An opening rule laid out as an interval of UTC, for the civil day it belongs to."""

    __tablename__ = "opening_window"
    schedule_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("schedule.id", ondelete="CASCADE"), primary_key=True
    )
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(primary_key=True)
    day: Mapped[date]
    utc_day: Mapped[date] = mapped_column(
        sa.Computed("(starts_at AT TIME ZONE 'UTC')::date", persisted=True)
    )

    __table_args__ = (
        sa.CheckConstraint(
            "starts_at < ends_at AND ends_at <= starts_at + interval '25 hours'", name="length"
        ),
        sa.Index(
            "ix_opening_window_day",
            "schedule_id",
            "utc_day",
            postgresql_include=["starts_at", "ends_at"],
        ),
    )


class SchoolHoliday(UuidKey, Model):
    """One school holiday of one calendar: civil days, both included."""

    __tablename__ = "school_holiday"
    calendar: Mapped[SchoolCalendar] = mapped_column(enum_type(SchoolCalendar, "calendar"))
    school_year: Mapped[str]
    label: Mapped[str]
    period: Mapped[Period] = mapped_column(enum_type(Period, "period"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    source: Mapped[str]

    __table_args__ = (
        sa.UniqueConstraint("calendar", "school_year", "label", "first_day"),
        sa.CheckConstraint("first_day <= last_day", name="days"),
        sa.CheckConstraint("school_year ~ '^[0-9]{4}-[0-9]{4}$'", name="school_year_shape"),
    )


class Timetable(UuidKey, Model):
    """The version of a room's lessons that counts; a new import replaces the previous one.

    `kept`: what of the file says when the room is taken (compressed), laid out until `laid_until`;
    it is laid out further as the days go by.
    """

    __tablename__ = "timetable"
    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("room.id", ondelete="CASCADE"), unique=True
    )
    file_name: Mapped[str]
    digest: Mapped[str]
    imported_at: Mapped[datetime]
    event_count: Mapped[int]
    kept: Mapped[bytes | None] = mapped_column(deferred=True)
    laid_until: Mapped[date | None]

    __table_args__ = (
        sa.CheckConstraint("(kept IS NULL) = (laid_until IS NULL)", name="laid_until"),
    )

"""Tables working_hours, calendar_day and working_span."""

from datetime import date, datetime, time

from sqlalchemy import Date, Float, ForeignKey, Integer, SmallInteger, Text, Time, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import INSTANT


def _jurisdiction() -> Mapped[int]:
    return mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id", ondelete="CASCADE"), primary_key=True)


class WorkingHoursRow(Base):
    """Work on a day of the week, local time; 1 is Monday."""

    __tablename__ = "working_hours"
    __table_args__ = (
        ExcludeConstraint(
            ("jurisdiction_id", "="),
            ("weekday", "="),
            (text("numrange(extract(epoch FROM opens), extract(epoch FROM closes))"), "&&"),
            name="working_hours_do_not_overlap",
        ),
    )

    jurisdiction_id: Mapped[int] = _jurisdiction()
    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    opens: Mapped[time] = mapped_column(Time, primary_key=True)
    closes: Mapped[time] = mapped_column(Time)


class CalendarDayRow(Base):
    """A holiday (works_like is null), or a day with the hours of another weekday."""

    __tablename__ = "calendar_day"

    jurisdiction_id: Mapped[int] = _jurisdiction()
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    works_like: Mapped[int | None] = mapped_column(SmallInteger)
    label: Mapped[str] = mapped_column(Text)


class WorkingSpanRow(Base):
    """The calendar laid out: hours of work, and the seconds worked before each. Only the database writes it."""

    __tablename__ = "working_span"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "worked_before_s"),)

    jurisdiction_id: Mapped[int] = _jurisdiction()
    opens: Mapped[datetime] = mapped_column(INSTANT, primary_key=True)
    closes: Mapped[datetime] = mapped_column(INSTANT)
    worked_before_s: Mapped[float] = mapped_column(Float(53))

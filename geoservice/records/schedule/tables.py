"""Table scheduled_job."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import INSTANT


class ScheduledJobRow(Base):
    """One thing that is done again and again; whoever does it holds the row meanwhile."""

    __tablename__ = "scheduled_job"

    job: Mapped[str] = mapped_column(Text, primary_key=True)
    #: Null: never.
    done_at: Mapped[datetime | None] = mapped_column(INSTANT)

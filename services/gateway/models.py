"""The tables of gateway: the shared ones here, those of a noun in its folder."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid
from sqlalchemy.orm import DeclarativeBase

from shared.tables import add_audit_tables, add_shared_tables


class Base(DeclarativeBase):
    """The schema of gateway."""

    type_annotation_map: ClassVar = {
        str: Text,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
    }


add_shared_tables(Base.metadata)
add_audit_tables(Base.metadata)

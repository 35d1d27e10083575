"""What every section of the record has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """A part of the record: camelCase names in DynamoDB, and members of a later version are ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="ignore", defer_build=True
    )

"""The environment variables of a function, as a model. No other code reads them."""

from __future__ import annotations

import os
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from lifecycle.errors import ConfigurationError


class Settings(BaseModel):
    """The settings that every function has. A field `table_name` is the environment variable `TABLE_NAME`."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_min_length=1)

    stack_name: str
    table_name: str

    @classmethod
    def load(cls) -> Self:
        """Read the environment variables.

        Returns:
            The settings of this function.

        Raises:
            ConfigurationError: A variable is missing or malformed; the message names it.
        """
        values = {
            name: os.environ[name.upper()]
            for name in cls.model_fields
            if name.upper() in os.environ
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            names = ", ".join(
                sorted({str(problem["loc"][0]).upper() for problem in error.errors()})
            )
            raise ConfigurationError(
                f"environment variable missing or malformed: {names}; deploy the stack again"
            ) from error

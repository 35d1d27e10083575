"""The environment variables of a function, as a model. No other code reads them."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from lifecycle.errors import ConfigurationError

Networks = Literal["public", "any"]
"""Which addresses a provider may have: those of the public internet, or any for the local AWS."""


def _split(value: Any) -> Any:
    return tuple(value.split(",")) if isinstance(value, str) else value


class Settings(BaseModel):
    """The settings that every function has. A field `table_name` is the environment variable `TABLE_NAME`."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_min_length=1, defer_build=True)

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


class ProviderSettings(Settings):
    """What a function needs to know before it asks an OpenID Connect provider, or reads a secret for one.

    Attributes:
        provider_hosts: The hosts that a provider may have; `*` stands for one label.
        provider_networks: Which addresses they may have.
    """

    provider_hosts: Annotated[tuple[str, ...], BeforeValidator(_split)]
    provider_networks: Networks

"""AgentCore's delays, for the `/_local/delays` endpoint."""

from __future__ import annotations

from dataclasses import asdict, fields

from local.agentcore.settings import Delays


class DelaySettings:
    """Reads and changes delays.

    Args:
        delays: The delays that AgentCore uses.
    """

    def __init__(self, delays: Delays) -> None:
        self._delays = delays

    def read(self) -> dict[str, float]:
        """Return every delay in seconds, by name."""
        return {name: float(value) for name, value in asdict(self._delays).items()}

    def change(self, seconds: dict[str, float]) -> None:
        """Set some delays.

        Args:
            seconds: Delays in seconds, by name.

        Raises:
            ValueError: A name is unknown, or a value is no number of seconds.
        """
        known = {field.name for field in fields(self._delays)}
        for name, value in seconds.items():
            if name not in known:
                raise ValueError(f"unknown delay {name!r}; there are {', '.join(sorted(known))}")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"the delay {name!r} is a number of seconds, 0 or more")
        for name, value in seconds.items():
            setattr(self._delays, name, float(value))

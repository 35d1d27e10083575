"""A console of a pretended stack, served on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cli.console.server import console_served


@pytest.fixture
def url(place: Any) -> Iterator[str]:
    """The address of the console of `place`, with its token."""
    with console_served(place, 0) as gate:
        yield gate.url

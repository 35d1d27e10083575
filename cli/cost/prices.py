"""AWS's prices, read from `prices.json`: the one place in this project that has them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LIST: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text("utf-8"))


@dataclass(frozen=True)
class Price:
    """One price of AWS.

    Attributes:
        what: What is paid for.
        unit: Its unit.
        usd: US dollars for one unit.
    """

    what: str
    unit: str
    usd: float


DATE: str = _LIST["date"]
"""The day of the prices, in ISO 8601."""
REGION: str = _LIST["region"]
"""The Region of the prices."""
SOURCE: str = _LIST["source"]
"""Where the prices are from."""
PRICES: dict[str, Price] = {name: Price(**price) for name, price in _LIST["prices"].items()}
"""Each price by its name, such as `transitions`."""

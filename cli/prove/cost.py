"""What a proof costs: the prices, the estimate before it starts, and what was used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cli.cost import prices

PRICES_OF = f"{prices.DATE}, {prices.REGION}"
"""The day and the Region of the prices."""

PRICES = {
    name: prices.PRICES[name]
    for name in ("transitions", "lambda", "build", "vcpu", "memory", "secrets")
}
"""The prices of what a proof uses."""

NOT_COUNTED = (
    "tokens of the model, storage, logs, traces and requests, which cost less than a cent each"
)

EXPECTED: dict[str, float] = {
    "transitions": 700,
    "lambda": 900,
    "build": 25,
    "vcpu": 0.5,
    "memory": 1.0,
    "secrets": 0.01,
}
"""What a whole proof uses at most: 15 executions, and 5 builds of at most 5 minutes."""

SESSION_VCPU, SESSION_GB = 1.0, 2.0
"""An agent's size that is counted for each session. AgentCore charges for what the agent uses, which is less."""

FUNCTION_GB = 1.0
"""The largest function of the stack."""


@dataclass
class Meter:
    """Counts what a proof uses, by the names of `PRICES`."""

    used: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PRICES, 0.0))

    def add(self, name: str, quantity: float) -> None:
        """Add a quantity."""
        self.used[name] += quantity

    def session(self, seconds: float) -> None:
        """Add a session of an agent."""
        self.add("vcpu", seconds / 3600 * SESSION_VCPU)
        self.add("memory", seconds / 3600 * SESSION_GB)


def total(used: Mapping[str, float]) -> float:
    """Return the cost of some quantities in US dollars."""
    return sum(PRICES[name].usd * quantity for name, quantity in used.items())


def lines(used: Mapping[str, float]) -> list[str]:
    """Return one line for each price, and the sum."""
    rows = [
        f"{PRICES[name].what:<38}{quantity:>10.2f} {PRICES[name].unit:<18}"
        f"{PRICES[name].usd * quantity:>9.4f} USD"
        for name, quantity in used.items()
    ]
    return [*rows, f"{'together':<67}{total(used):>9.4f} USD"]

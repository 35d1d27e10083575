"""Estimates what an execution, or an environment that nobody uses, costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.cost.prices import DATE, PRICES, REGION, SOURCE

NOT_COUNTED = (
    "the model's tokens, the agent's own running time (AgentCore Runtime), calls of DynamoDB, S3, Cognito, "
    "Secrets Manager and KMS, events, logs, metrics and traces. Free tiers and taxes are left out, too"
)
"""What no estimate has, as it goes on after `Not counted:`."""


def estimate(used: Mapping[str, float], basis: str, *, more: str = "") -> dict[str, Any]:
    """Return what some quantities cost.

    Args:
        used: Quantities by the names of `PRICES`; those of zero are left out.
        basis: What the quantities are from.
        more: What else is not counted, as a sentence.

    Returns:
        `estimate` (always true), `currency`, `total`, `lines` (each with `name`, `what`, `unit`, `quantity`, `price`
        and `usd`), `basis`, `notCounted` and `prices` (`date`, `region`, `source`).
    """
    lines = [
        {
            "name": name,
            "what": PRICES[name].what,
            "unit": PRICES[name].unit,
            "quantity": round(quantity, 4),
            "price": PRICES[name].usd,
            "usd": round(PRICES[name].usd * quantity, 8),
        }
        for name, quantity in used.items()
        if quantity
    ]
    return {
        "estimate": True,
        "currency": "USD",
        "total": round(sum(PRICES[name].usd * quantity for name, quantity in used.items()), 8),
        "lines": lines,
        "basis": basis,
        "notCounted": f"Not counted: {NOT_COUNTED}.{f' {more}' if more else ''}",
        "prices": {"date": DATE, "region": REGION, "source": SOURCE},
    }


def dollars(amount: float) -> str:
    """Return an amount as people read it: with cents, or with two digits that say something, such as `$0.0017`."""
    if amount == 0:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    digits = next(
        place for place in range(2, 12) if round(amount, place) >= 10 ** (1 - place) or place == 11
    )
    return f"${amount:.{digits}f}"

"""Records that a fleet finds without reading all: those of some names, and those that have expired."""

from __future__ import annotations

import time
from collections.abc import Iterable

from lifecycle.items import Items
from lifecycle.record import Record


def records_of(items: Items, environments: Iterable[str]) -> list[Record]:
    """Read the records of some environments, strongly consistent; those that have none are left out."""
    return [*items.read_many(sorted(set(environments)))]


def expired_records(items: Items) -> list[Record]:
    """Find the records that have expired, by the index; the cost depends on their number, not on that of all.

    What the index names is read again, because it may have been prolonged or removed a moment ago.
    """
    moment = time.time()
    named = records_of(items, items.expired(moment))
    return [record for record in named if record.has_expired(moment)]

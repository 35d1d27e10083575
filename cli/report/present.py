"""What exists now in an environment, from its record."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from cli.environments.address import live_url
from cli.environments.table import TABLE_OUTPUT
from cli.environments.view import view
from cli.environments.words import facts
from cli.target.denied import DeniedError
from cli.target.target import Place
from lifecycle.items import Items


def present(place: Place, environment: Any) -> dict[str, Any]:
    """Read what exists in an environment at this moment.

    Args:
        place: The stack.
        environment: What the input names; it may be anything.

    Returns:
        `exists` (null if it cannot be read), `note` (why, or that there is nothing), `environment` (what `lifecycle
        show --json` has; null without a record) and `facts` (the same in words).
    """
    table = place.outputs.get(TABLE_OUTPUT)
    if table is None or not isinstance(environment, str):
        return _nothing(None, "The environment cannot be looked up.")
    try:
        record = Items(place.client("dynamodb"), table).read(environment)
        if record is None:
            return _nothing(False, f"Environment {environment} does not exist (any more).")
        found = view(record, live_url(place, record))
    except (DeniedError, ClientError) as error:
        return _nothing(None, f"The environment's record cannot be read: {error}")
    return {
        "exists": True,
        "note": None,
        "environment": found,
        "facts": dict(facts(found, time.time())),
    }


def _nothing(exists: bool | None, note: str) -> dict[str, Any]:
    return {"exists": exists, "note": note, "environment": None, "facts": {}}

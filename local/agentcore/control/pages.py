"""Pages of a list: `maxResults` and `nextToken`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from local.agentcore.model.errors import invalid_field

T = TypeVar("T")


def page(
    items: Sequence[T], request: dict[str, Any], key: Callable[[T], str]
) -> tuple[list[T], str | None]:
    """Cut one page out of a list.

    Args:
        items: The whole list, in its order.
        request: Members `maxResults` (default 100) and `nextToken`.
        key: Names an item; a token names the last item of its page.

    Returns:
        The page, and the token of the next one if there is more.

    Raises:
        ServiceError: ValidationException for a token that is not ours.
    """
    size = int(request.get("maxResults", 100))
    start = 0
    if request.get("nextToken") is not None:
        last = _read_page_token(request["nextToken"])
        start = next((i + 1 for i, item in enumerate(items) if key(item) == last), len(items))
    page = list(items[start : start + size])
    more = start + size < len(items)
    return page, _page_token(key(page[-1])) if more else None


def _page_token(key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"after": key}).encode()).decode()


def _read_page_token(token: str) -> str:
    try:
        return str(json.loads(base64.urlsafe_b64decode(token.encode()))["after"])
    except (ValueError, KeyError, TypeError) as error:
        raise invalid_field("nextToken", "The token is not one of this list.") from error

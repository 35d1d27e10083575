"""Cuts a list into pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.datastructures import URL
from starlette.requests import Request

PAGE = "page"
"""The parameter that says which page is asked for, from 1 upwards."""

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: What is on it.
        number: Its number, from 1 upwards.
        pages: How many pages there are, at least 1.
        total: How many items there are on all pages.
        first: The number of its first item, from 1 upwards; 0 for none.
        url: The address of the page.
    """

    items: Sequence[T]
    number: int
    pages: int
    total: int
    first: int
    url: URL

    @property
    def last(self) -> int:
        """The number of its last item; 0 for none."""
        return self.first + len(self.items) - 1 if self.items else 0

    def to(self, number: int) -> str:
        """Return the address of another page of the list."""
        url = self.url.remove_query_params("part").include_query_params(**{PAGE: number})
        return f"{url.path}?{url.query}"


def page_of(request: Request, items: Sequence[Any], size: int) -> Page[Any]:
    """Return the page that a request asks for; the nearest if there is none of this number.

    Args:
        request: The request.
        items: The whole list.
        size: How many items are on a page.
    """
    pages = max(1, -(-len(items) // size))
    asked = request.query_params.get(PAGE, "1")
    number = min(max(int(asked), 1), pages) if asked.isdecimal() and len(asked) < 9 else 1
    start = (number - 1) * size
    shown = items[start : start + size]
    return Page(shown, number, pages, len(items), start + 1 if shown else 0, request.url)

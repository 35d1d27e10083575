"""Plan the cases of a smoke test: read and validate all of them, and divide them into batches."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pydantic import Field

from lifecycle.entry import Wire
from lifecycle.errors import InvalidRequestError
from lifecycle.request.case import ONLY_HTTP, Case, takes_payloads
from lifecycle.request.cases.lines import FIELD, read_lines
from lifecycle.request.cases.source import (
    PinnedCases,
    UnreadableError,
    read_latest,
    read_pinned,
)
from lifecycle.request.model import LARGEST, Request

MOST_BATCHES = 8
"""How many iterations the Map has at most: two rounds of those that run at once.

Each adds ten events to a history that has at most 25,000 (tests/statemachine/test_history.py).
"""
MOST_QUESTIONS = 4_000
"""How many questions there are at most: cases times `repeat`."""
_AT_ONCE = 4
_USUAL_SIZE = 10


class Batch(Wire):
    """A range of cases, from one index up to another, which is not in it."""

    first: int = Field(alias="from")
    end: int = Field(alias="to")


class CasePlan(Wire):
    """What the state machine knows of the cases.

    Attributes:
        total: How many there are.
        batches: The ranges that are asked one after the other, each in a session of its own.
        source: The object in S3 that they are read from; null for those of the request itself.
    """

    total: int
    batches: list[Batch]
    source: PinnedCases | None = None


def plan_cases(request: Request, s3: Any) -> CasePlan | None:
    """Read and validate the cases of a request, as the state machine needs to know them.

    Args:
        request: The request; for `smokeTest`, with what the input left out.
        s3: A function that returns a boto3 S3 client; called only for an object.

    Returns:
        The plan; None when nothing is asked.

    Raises:
        InvalidRequestError: The object cannot be read, a line of it is wrong, or there are too many questions.
    """
    smoke_test = request.smoke_test
    if request.action == "teardown":
        return None
    if request.size > LARGEST:
        # An input and an earlier provision that fit may be too large together.
        raise InvalidRequestError(
            f"smokeTest: given {request.size} bytes as JSON together with the earlier provision, allowed: at most "
            f"{LARGEST} bytes; use smokeTest.casesFrom"
        )
    if not smoke_test.has_cases:
        return None
    source = None
    if smoke_test.cases_from is None:
        cases = _inline(request)
    else:
        try:
            body, source = read_latest(s3(), smoke_test.cases_from)
        except UnreadableError as error:
            raise InvalidRequestError(f"{FIELD}: given {error}") from error
        cases = read_lines(body, request.runtime.protocol)
    if len(cases) * smoke_test.repeat > MOST_QUESTIONS:
        raise InvalidRequestError(
            f"smokeTest.repeat: given {smoke_test.repeat} with {len(cases)} cases, allowed: at most {MOST_QUESTIONS} "
            "questions (cases times repeat)"
        )
    return CasePlan(total=len(cases), batches=divide(len(cases)), source=source)


def pinned(request: Request, plan: CasePlan | None) -> Request:
    """The request with the version of its cases that was read, so that a rollback to what passes them asks the same.

    Args:
        request: The request that was planned.
        plan: What `plan_cases` returned.

    Returns:
        The request; unchanged if the bucket has no versions, or if the request would be too long with it.
    """
    source, asked = plan.source if plan else None, request.smoke_test.cases_from
    if source is None or source.version_id is None or asked is None:
        return request
    named = asked.model_copy(update={"version_id": source.version_id})
    smoke_test = request.smoke_test.model_copy(update={"cases_from": named})
    return request.changed_if_it_fits(smoke_test=smoke_test)


def load_cases(request: Request, source: PinnedCases | None, s3: Any) -> list[Case]:
    """Read the cases again that `plan_cases` has validated.

    Args:
        request: The request.
        source: The object of the plan.
        s3: As for `plan_cases`.

    Raises:
        UnreadableError: The object was deleted or replaced meanwhile.
    """
    if source is None:
        return request.smoke_test.cases
    return read_lines(read_pinned(s3(), source), request.runtime.protocol)


def _inline(request: Request) -> list[Case]:
    # The protocol may be the last provision's.
    for number, case in enumerate(request.smoke_test.cases):
        if case.payload is not None and not takes_payloads(request.runtime.protocol):
            raise InvalidRequestError(
                f"smokeTest.cases.{number}.payload: given a payload, allowed: {ONLY_HTTP}"
            )
    return request.smoke_test.cases


def divide(total: int) -> list[Batch]:
    """Divide cases into batches of about the same size.

    Ten cases share a session. There are at least as many batches as run at once, and at most twice as many.
    """
    wished = max(min(_AT_ONCE, total), -(-total // _USUAL_SIZE))
    count = min(MOST_BATCHES, wished)
    ends = [total * number // count for number in range(count + 1)]
    return [Batch.model_validate({"from": first, "to": end}) for first, end in pairwise(ends)]

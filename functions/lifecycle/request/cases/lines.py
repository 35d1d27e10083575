"""Read the cases of a JSONL object: one JSON object on each line."""

from __future__ import annotations

import json
from typing import Any

from lifecycle.errors import InvalidRequestError
from lifecycle.request.case import ONLY_HTTP, Case, takes_payloads
from lifecycle.request.inputs import parse_object

FIELD = "smokeTest.casesFrom"
MOST_CASES = 1_000


def read_lines(body: bytes, protocol: str) -> list[Case]:
    """Read and validate every line; empty lines are skipped.

    Args:
        body: The object's content, UTF-8.
        protocol: The runtime's protocol: only `HTTP` takes a whole payload.

    Returns:
        The cases, 1 to 1,000.

    Raises:
        InvalidRequestError: A line is wrong; the message names the first one, the field, and what is allowed. What
            the line holds is shown only where it is the value of a field that is not confidential.
    """
    cases: list[Case] = []
    named: dict[str, int] = {}
    for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        if len(cases) == MOST_CASES:
            raise InvalidRequestError(
                f"{FIELD}: given more than {MOST_CASES} cases, allowed: 1 to {MOST_CASES}"
            )
        case = _case(line, number)
        if case.payload is not None and not takes_payloads(protocol):
            raise _wrong(number, f"payload: given a payload, allowed: {ONLY_HTTP}")
        if case.name is not None and named.setdefault(case.name, number) != number:
            raise _wrong(
                number,
                f"name: given {case.name!r}, allowed: each name once (line {named[case.name]} has it)",
            )
        cases.append(case)
    if not cases:
        raise InvalidRequestError(f"{FIELD}: given no case, allowed: 1 to {MOST_CASES}")
    return cases


def _case(line: bytes, number: int) -> Case:
    try:
        value = json.loads(line.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _wrong(number, "given no JSON object in UTF-8, allowed: a case as one JSON object")
    try:
        return parse_object(Case, value)
    except InvalidRequestError as error:
        raise _wrong(number, str(error).removeprefix("input: ")) from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _wrong(number: int, text: str) -> InvalidRequestError:
    return InvalidRequestError(f"{FIELD}: line {number}: {text}")

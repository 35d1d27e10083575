"""Decide whether an answer is what a case expects: which part of it counts, and what must and must not match."""

from __future__ import annotations

import json

import jmespath
from jmespath.exceptions import JMESPathError

from lifecycle.request.case import Case
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.pattern import matches
from lifecycle.smoke_test.untrusted import json_value

# One expression that explodes must not take the time of all other cases.
_SECONDS = 5.0


def mismatch(case: Case, text: str, patience: Patience) -> str | None:
    """Why an answer does not pass; None when it passes.

    Args:
        case: The case.
        text: The text of the answer.
        patience: The time that is left; each match gets at most 5 seconds of it.

    Returns:
        The reason, without any part of the answer.
    """
    found = text if case.path is None else select(case.path, text)
    if found is None:
        return "path finds nothing in the answer"
    for field, pattern, wanted in (("expect", case.expect, True), ("reject", case.reject, False)):
        if pattern is None:
            continue
        seconds = patience.for_one_try(_SECONDS)
        try:
            matched = matches(pattern, found, seconds)
        except TimeoutError:
            return (
                f"{field} against the answer took longer than {seconds:.1f} s; write it without nested quantifiers "
                "such as (a+)+"
            )
        except MemoryError:
            return f"{field} against the answer needs too much memory; write a simpler expression"
        if matched != wanted:
            return "the answer does not match expect" if wanted else "the answer matches reject"
    return None


def select(path: str, text: str) -> str | None:
    """The part of a JSON answer that a path finds.

    Args:
        path: A JMESPath expression that only chooses.
        text: The answer.

    Returns:
        A string as it is, anything else as JSON; None when the answer is no JSON, or the path finds nothing or null.
    """
    try:
        found = jmespath.search(path, json_value(text))
    except (JMESPathError, ValueError, RecursionError):
        return None
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False)

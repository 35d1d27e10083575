"""Any object with cases is read, or refused by the line and the name of a field."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from lifecycle.request.case import Case
from lifecycle.request.cases.lines import MOST_CASES, read_lines
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.schemas import from_schema
from tests.fuzz.grammar.values import values
from tests.fuzz.inputs.refusals import parsed
from tests.fuzz.profile import tries
from tests.fuzz.tally import INPUTS, TALLY

GOOD = {"prompt": "6 × 7?", "expect": "42"}
EXAMPLES: list[Any] = [
    GOOD,
    {"name": "a", "payload": {"input": {"n": [1, 2.5, None]}}, "reject": "x", "path": "a.b[0]"},
    {"prompt": "a", "expect": "b", "reject": "c", "path": "a[?b == 'c'] | [0]", "maxSeconds": 2},
]
_CASES = st.one_of(st.sampled_from(EXAMPLES), from_schema(Case.model_json_schema(by_alias=True)))


def check(body: bytes) -> None:
    with TALLY.trying(INPUTS):
        cases = parsed(
            lambda text: read_lines(text.encode("latin-1"), "HTTP"), body.decode("latin-1")
        )
        if cases is not None:
            assert 1 <= len(cases) <= MOST_CASES
            for case in cases:
                assert Case.model_validate(case.model_dump(mode="json", by_alias=True)) == case


@tries(few=60, full=2_000)
@given(st.lists(mutated(_CASES).map(json.dumps), max_size=4))
@example([json.dumps({**GOOD, "path": "(" * 199})])
@example([json.dumps({**GOOD, "path": "[@,@]|" * 30 + "@"})])
@example([json.dumps({**GOOD, "path": "a[99999999999999999999]"})])
@example([json.dumps({**GOOD, "expect": r"(?i)[\0-\U0010ffff]" * 50})])
@example([json.dumps({**GOOD, "name": "\ud800"})])
@example([json.dumps({"payload": {"\ud800": 1}, "expect": "a"})])
@example([json.dumps({"payload": {"n": 10**400}, "expect": "a"})])
@example(['{"payload": {"n": 1e400}, "expect": "a"}'])
@example([json.dumps(GOOD)] * 1001)
@example([json.dumps({**GOOD, "name": "a"})] * 2)
def test_lines_that_are_almost_right(lines: list[str]) -> None:
    check("\n".join(lines).encode("utf-8", "surrogatepass"))


@tries(few=20, full=500)
@given(st.one_of(st.binary(max_size=300), values.map(lambda value: json.dumps(value).encode())))
@example(b"\xef\xbb\xbf")
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"\r\r\r")
def test_anything(body: bytes) -> None:
    check(body)

"""Any input of a fleet execution becomes a request, or is refused by the name of a field."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

from hypothesis import example, given

from lifecycle.fleet.request import FleetRequest, parse_fleet_request
from tests.fuzz.effort import within_calls
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.requests import fleet_inputs
from tests.fuzz.grammar.values import values
from tests.fuzz.inputs.refusals import parsed
from tests.fuzz.profile import tries
from tests.fuzz.tally import INPUTS, TALLY


def check(text: str) -> None:
    event = json.loads(text)
    with TALLY.trying(INPUTS):
        request = parsed(parse_fleet_request, event)
        if request is not None:
            assert FleetRequest.model_validate(request.model_dump(by_alias=True)) == request
            if request.pattern is not None:
                pattern = request.pattern
                within_calls(100_000, lambda: fnmatchcase("a" * 24, pattern))


@tries(few=40, full=3_000)
@given(mutated(fleet_inputs()).map(json.dumps))
@example(json.dumps({"action": "rebuild", "[key]": 1}))
@example(json.dumps({"action": "teardown"}))
@example(json.dumps({"action": ["sweep"]}))
@example(json.dumps({"action": "sweep", "environments": ["dev\n"]}))
@example(json.dumps({"action": "sweep", "environments": ["x" * 150_000]}))
@example(json.dumps({"action": "sweep", "environments": list(range(20_000))}))
@example(json.dumps({"action": "sweep", "pattern": f"{'*' * 50}a{'*a' * 20}"}))
@example(json.dumps({"action": "sweep", "pattern": "[z-a][!][]-"}))
@example(json.dumps({"action": "rebuild", "source": {"bucket": "abc", "key": "\ud800"}}))
@example(json.dumps({"action": "sweep", "maxConcurrency": 2**63}))
@example(json.dumps({"detail-type": "Scheduled Event", "detail": "{}"}))
def test_inputs_that_are_almost_right(text: str) -> None:
    check(text)


@tries(few=20, full=1_000)
@given(values.map(json.dumps))
def test_anything(text: str) -> None:
    check(text)

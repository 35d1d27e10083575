"""Any input of the lifecycle becomes a request, or is refused by the name of a field."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from lifecycle.request.limits.environment import environment_of
from lifecycle.request.model import Request, parse_request
from tests.fuzz.grammar.mutation import mutated, with_doubles
from tests.fuzz.grammar.requests import LIFECYCLE_EXAMPLES, lifecycle_inputs
from tests.fuzz.grammar.values import nested, values
from tests.fuzz.inputs.refusals import parsed
from tests.fuzz.profile import tries
from tests.fuzz.tally import INPUTS, TALLY

# The model is built when it is first used, which is no work of an input.
parse_request({})
WELL_KNOWN = "/.well-known/openid-configuration"


def check(text: str) -> None:
    check_event(json.loads(text))


def check_event(event: Any) -> None:
    with TALLY.trying(INPUTS):
        request = parsed(parse_request, event)
        if request is not None:
            # What the state machine passes on is read again by every stage.
            assert Request.model_validate(request.to_json()) == request
        environment = environment_of(event)
        if request is not None:
            assert environment == request.environment


def jwt(**auth: Any) -> str:
    return json.dumps({"auth": {"type": "jwt", "allowedClients": ["x"], **auth}})


@tries(few=120, full=12_000)
@given(mutated(st.sampled_from(LIFECYCLE_EXAMPLES)).map(json.dumps))
@example(json.dumps({"[key]": 1}))
@example(json.dumps({"runtime": {"[key]": 1}}))
@example(json.dumps({"tags": {"[key]": "a"}}))
@example(json.dumps({"runtime": {"configuration": {"[key]": 1}}}))
@example(json.dumps({"runtime": {"configuration": {"x" * 150_000: 1}}}))
@example(json.dumps({"auth": {"configuration": {"x\n\ud800": 1}}}))
@example(json.dumps({"ttlHours": 5e-324}))
@example('{"ttlHours": 1e400}')
@example(json.dumps({"ttlHours": -0.0}))
@example(json.dumps({"wait": {"timeoutSeconds": 2**63}}))
@example(json.dumps({"smokeTest": {"expect": r"(\S+\s?)+\.$", "timeoutSeconds": 2}}))
@example(json.dumps({"smokeTest": {"expect": r"(?i)[\0-\U0010ffff]" * 50}}))
@example(jwt(discoveryUrl=f"http://[::1{WELL_KNOWN}"))
@example(jwt(discoveryUrl=f"https://a..b{WELL_KNOWN}"))
@example(jwt(discoveryUrl=f"https://{'a' * 70}.example.com{WELL_KNOWN}"))
@example(jwt(discoveryUrl=f"https://xn--{WELL_KNOWN}"))
@example(json.dumps({"tags": {"a\u3000b": "c"}}))
@example(json.dumps({"artifact": {"containerUri": "public.ecr.aws/a/b:latest"}}))
@example(
    json.dumps({"artifact": {"containerUri": "210987654321.dkr.ecr.us-east-1.amazonaws.com/a:b"}})
)
@example(json.dumps({"runtime": {"environmentVariables": {"PATH": "/tmp", "PYTHONPATH": "."}}}))  # noqa: S108
@example(json.dumps({f"unknown{number}": number for number in range(15_000)}))
@example(json.dumps({"x" * 150_000: 1}))
@example(json.dumps({"x\ny\ud800\u202e": 1}))
@example(json.dumps({"environment": "dev\n"}))
@example(json.dumps({"detail-type": "x", "detail": None}))
@example(json.dumps({"detail-type": "x", "detail": {"detail-type": "y", "detail": {}}}))
def test_inputs_that_are_almost_right(text: str) -> None:
    check(text)


@tries(few=16, full=2_500)
@given(mutated(lifecycle_inputs()).map(json.dumps))
def test_inputs_of_the_models_that_are_almost_right(text: str) -> None:
    check(text)


@tries(few=40, full=2_500)
@given(values.map(json.dumps))
def test_anything(text: str) -> None:
    check(text)
    check(f'{{"detail-type": "x", "detail": {text}}}')


@tries(few=16, full=1_000)
@given(mutated(st.sampled_from(LIFECYCLE_EXAMPLES), most=1).map(with_doubles))
@example('{"environment": "a", "environment": "B"}')
def test_a_key_that_is_there_twice(text: str) -> None:
    check(text)


@tries(few=8, full=200)
@given(
    st.sampled_from([None, "environment", "auth", "runtime", "tags", "ttlHours", "detail"]),
    st.integers(1, 20_000),
    st.booleans(),
)
def test_json_of_any_depth(field: str | None, depth: int, in_lists: bool) -> None:
    deep = nested(depth, in_lists=in_lists)
    check_event(
        deep if field is None else {"detail-type" if field == "detail" else "x": 1, field: deep}
    )
    check_event({"runtime": {"configuration": {"protocolConfiguration": deep}}})

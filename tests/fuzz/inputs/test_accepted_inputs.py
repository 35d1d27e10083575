"""What validation accepts, no service refuses later for its form."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey
from moto import mock_aws
from moto.backends import get_backend
from moto.utilities.utils import load_resource

from lifecycle.errors import InvalidRequestError
from lifecycle.request.model import Request, parse_request
from local.moto import deliveries, xray
from local.moto.cognito import tag_user_pools
from tests.functions.lifecycle import runtime_world as runtime
from tests.functions.lifecycle.conftest import PROVIDERS
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.requests import LIFECYCLE_EXAMPLES, lifecycle_inputs
from tests.fuzz.inputs.carried import CheckedClients, carry, send
from tests.fuzz.profile import tries
from tests.fuzz.tally import ACCEPTED, TALLY
from tests.transaction_search import switch_search


@pytest.fixture(scope="module")
def new_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], runtime.World]]:
    """A function that gives a new account each time."""
    agent = tmp_path_factory.mktemp("agent")
    for name in ("main.py", "Dockerfile", "requirements.txt"):
        (agent / name).write_text("", encoding="utf-8")
    key = RSAKey.import_key(load_resource("cognitoidp/resources/jwks-private.json"))
    passthrough: Any = {
        "core": {"passthrough": {"urls": [r"https://bedrock-agentcore-control\..*"]}}
    }
    with pytest.MonkeyPatch.context() as patch, mock_aws(config=passthrough):
        for name, value in {
            "STACK_NAME": "stack",
            "TABLE_NAME": "environments",
            "AGENT_SOURCE_DIR": str(agent),
            "ARTIFACT_BUCKET": runtime.BUCKET,
            "ARTIFACTS_TABLE_NAME": "artifacts",
            "REPOSITORY_NAME": "agents",
            "REPOSITORY_URI": f"{runtime.HOST}/agents",
            "BUILD_PROJECT": "build",
            "EXECUTION_ROLE_ARN": runtime.ROLE,
            "MODEL_ID": "model-1",
            "LOG_RETENTION_DAYS": "30",
            **PROVIDERS,
        }.items():
            patch.setenv(name, value)
        # moto reads its one key for each pool, a fifth of a second each time.
        patch.setattr(RSAKey, "import_key", lambda _: key)
        tag_user_pools()
        xray.choose_span_destination()
        deliveries.deliver_agentcore()
        clients = CheckedClients()

        def new() -> runtime.World:
            get_backend("cognito-idp").reset()
            world = runtime.make_world(agent, clients)
            switch_search(clients.logs, clients.xray)
            return world

        yield new


Send = Callable[[Request], None]


@pytest.fixture(scope="module")
def send_parts(new_world: Callable[[], runtime.World]) -> Send:
    """A function that sends the parts of a request to the services, each time as another stack."""
    world, stacks = new_world(), itertools.count()

    def send_as_new(request: Request) -> None:
        send(world, request, f"stack{next(stacks)}")
        world.store.runtimes.clear()

    return send_as_new


def check(text: str, act: Send) -> None:
    try:
        request = parse_request(json.loads(text))
    except InvalidRequestError:
        assume(False)
    else:
        with TALLY.trying(ACCEPTED):
            act(request)


@tries(few=20, full=1_400, shrink=False)
@given(st.one_of(lifecycle_inputs(), mutated(lifecycle_inputs(), most=1)).map(json.dumps))
@example(json.dumps({"tags": {"a b": "c d"}}))
@example(json.dumps({"artifact": {"source": {"bucket": "a..b", "key": "a"}}}))
@example(json.dumps({"artifact": {"source": {"bucket": "10.0.0.1", "key": "a"}}}))
@example(json.dumps({"artifact": {"source": {"bucket": "abc", "key": "é" * 1024}}}))
@example(json.dumps({"artifact": {"containerUri": f"{runtime.HOST}/a:b"}}))
@example(json.dumps({"artifact": {"containerUri": f"{runtime.HOST}/{'a' * 257}:b"}}))
@example(
    json.dumps(
        {"runtime": {"configuration": {"resourceConfigurations": [{"minimumMemoryInMiB": 2**40}]}}}
    )
)
def test_a_service_refuses_nothing_that_was_accepted(send_parts: Send, text: str) -> None:
    check(text, send_parts)


@tries(few=10, full=600, shrink=False)
@given(mutated(st.sampled_from(LIFECYCLE_EXAMPLES), most=2).map(json.dumps))
def test_a_service_refuses_nothing_of_what_people_write(send_parts: Send, text: str) -> None:
    check(text, send_parts)


@tries(few=1, full=100, shrink=False)
@given(lifecycle_inputs().map(json.dumps))
@example(
    json.dumps(
        {
            "action": "rollback",
            "runtime": {"protocol": "MCP"},
            "smokeTest": {"webSocket": True},
        }
    )
)
def test_every_stage_takes_what_was_accepted(
    new_world: Callable[[], runtime.World], text: str
) -> None:
    # The stages of a provision: what another action leaves for its preparation to check, a provision refuses at once.
    as_provision = {"action": "provision", "version": None, "dryRun": False, "autoRollback": False}

    def act(request: Request) -> None:
        carry(new_world(), request.to_json())

    check(json.dumps(json.loads(text) | as_provision), act)

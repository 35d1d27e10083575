"""Outbound credentials, through the state machine: used, repaired, kept from others, retired, and gone."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest

from tests.embedded.searching import Search, forms
from tests.embedded.signing_in import Provider
from tests.embedded.test_secrets import look_everywhere

pytestmark = pytest.mark.embedded
STACK = "agentcore-lifecycle"
SCOPE = "orders/read"
PACKAGES = Path(boto3.__file__).parents[1]


@dataclass
class Api:
    """A protected API on loopback: it takes a key, or a token of the provider."""

    provider: Provider
    key: str = field(default_factory=lambda: f"key-{uuid.uuid4().hex}")
    tokens: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, headers: Any) -> str:
        if path == "/key":
            return "right key" if headers["X-Api-Key"] == self.key else "wrong key"
        token = headers["Authorization"].removeprefix("Bearer ")
        self.tokens.append(token)
        claims = jwt.decode(
            token, self.provider.key.public_key(), algorithms=["RS256"], audience="agents"
        )
        right = (claims["client_id"], claims["scope"]) == ("outbound", SCOPE)
        return "right token" if right else "wrong token"


@pytest.fixture
def api(provider: Provider) -> Iterator[Api]:
    made = Api(provider)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            said = made.answer(self.path, self.headers).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Owner:
    """Who owns the secrets, and allows environments to use them."""

    aws: Any
    api: Api
    client_secret: str = field(default_factory=lambda: f"client-{uuid.uuid4().hex}")

    def secret(self, environments: str, value: dict[str, str], **tags: str) -> str:
        all_tags = {f"{STACK}:credential-environments": environments, **tags}
        made = self.aws.client("secretsmanager").create_secret(
            Name=f"owner-{uuid.uuid4().hex[:8]}",
            SecretString=json.dumps(value),
            Tags=[{"Key": key, "Value": item} for key, item in all_tags.items()],
        )
        return str(made["ARN"])

    def credentials(self, environment: str) -> list[dict[str, Any]]:
        allowed = f"{STACK}/{environment}"
        self.api.provider.clients["outbound"] = self.client_secret
        hosts = {f"{STACK}:credential-hosts": "127.0.0.1"}
        return [
            {
                "name": "weather",
                "type": "apiKey",
                "secretArn": self.secret(allowed, {"apiKey": self.api.key}),
            },
            {
                "name": "orders",
                "type": "oauth2",
                "secretArn": self.secret(allowed, {"clientSecret": self.client_secret}, **hosts),
                "discoveryUrl": self.api.provider.discovery_url,
                "clientId": "outbound",
                "scopes": [SCOPE],
            },
        ]


@pytest.fixture
def owner(aws: Any, api: Api) -> Owner:
    return Owner(aws, api)


@pytest.fixture
def asked(uploaded: Callable[..., dict[str, str]], owner: Owner) -> Callable[..., dict[str, Any]]:
    """The input for an environment whose agent must call the API both ways."""

    def ask(name: str, **more: str) -> dict[str, Any]:
        variables = {"OUTBOUND_API": owner.api.url, "SDK_PACKAGES": str(PACKAGES), **more}
        return {
            "environment": name,
            "artifact": {
                "type": "code",
                "source": uploaded("credentials"),
                "runtime": "PYTHON_3_11",
            },
            "runtime": {"environmentVariables": variables},
            "credentials": owner.credentials(name),
            "smokeTest": {"expect": "right key, right token"},
        }

    return ask


def test_used_repaired_left_out_and_gone(
    lifecycle: Any, environment: Callable[[], str], asked: Callable[..., dict[str, Any]]
) -> None:
    name, control = environment(), lifecycle.aws.client("bedrock-agentcore-control")
    given = asked(name)
    plan = lifecycle.run({**given, "dryRun": True})
    assert plan.status == "SUCCEEDED", (plan.error, plan.cause)
    assert plan.output["plan"]["credentials"]["change"] == "create"
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert "right key, right token" in run.output["smokeTest"]["answer"]
    told = {one["name"]: one["provider"] for one in run.output["credentials"]["providers"]}
    assert (sorted(told), run.output["credentials"]["change"]) == (["orders", "weather"], "created")

    control.delete_oauth2_credential_provider(name=told["orders"])
    control.update_api_key_credential_provider(name=told["weather"], apiKey="mine")
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["repaired"] == [
        f"the credential provider {told['weather']} uses another secret",
        f"the credential provider {told['orders']} was deleted",
    ]
    assert again.output["change"] == "unchanged"

    # The agent cannot do without one: the new version fails, and what live uses stays.
    left_out = lifecycle.run({**given, "credentials": given["credentials"][:1]})
    assert left_out.status == "FAILED"
    assert lifecycle.leftovers(name)["credential providers"] == sorted(told.values(), key=str)[::1]
    verified = lifecycle.run({"environment": name, "action": "smokeTest"})
    assert verified.status == "SUCCEEDED", (verified.error, verified.cause)

    gone = lifecycle.run({"environment": name, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert {f"credential provider {each}" for each in told.values()} <= set(
        gone.output["teardown"]["removed"]
    )
    assert lifecycle.leftovers(name) == {}


def test_switched_off_and_an_environment_without_enters_none_of_these_states(
    lifecycle: Any,
    environment: Callable[[], str],
    asked: Callable[..., dict[str, Any]],
    tiny: dict[str, Any],
) -> None:
    name = environment()
    with_them = {
        "environment": name,
        "artifact": tiny,
        "credentials": asked(name)["credentials"][:1],
    }
    run = lifecycle.run(with_them)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    off = lifecycle.run({"environment": name, "artifact": tiny})
    assert off.status == "SUCCEEDED", (off.error, off.cause)
    assert off.output["credentials"] is None
    there = lifecycle.leftovers(name)
    assert "credential providers" not in there
    assert "roles" not in there
    after = lifecycle.run({"environment": name, "artifact": tiny})
    assert not any("redentials" in state for state in after.states)


def test_no_agent_gets_what_belongs_to_another_environment(
    lifecycle: Any, environment: Callable[[], str], asked: Callable[..., dict[str, Any]]
) -> None:
    mine, theirs = environment(), environment()
    given = asked(theirs)
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    told = {one["name"]: one["provider"] for one in run.output["credentials"]["providers"]}
    secret = given["credentials"][0]["secretArn"]
    for prompt in ("foreign", "foreign secret"):
        variables = {"FOREIGN_PROVIDER": told["weather"], "FOREIGN_SECRET": secret}
        attack = asked(mine, **variables)
        attack["smokeTest"] = {"prompt": prompt, "expect": "AccessDenied"}
        tried = lifecycle.run(attack)
        assert tried.status == "SUCCEEDED", (tried.error, tried.cause)
    # Nor may its input name the secret.
    stolen = lifecycle.run({**asked(mine), "credentials": given["credentials"]})
    assert stolen.error == "InvalidRequestError"
    assert "credentials.0.secretArn" in str(stolen.cause)
    assert f"{STACK}/{theirs}" not in str(stolen.cause)


def test_no_key_and_no_token_is_in_anything_that_a_run_leaves(
    lifecycle: Any,
    environment: Callable[[], str],
    asked: Callable[..., dict[str, Any]],
    owner: Owner,
    announced: Callable[[], list[str]],
) -> None:
    name = environment()
    runs = [
        lifecycle.run(asked(name)),
        lifecycle.run({"environment": name, "action": "smokeTest"}),
        lifecycle.run({"environment": name, "action": "teardown"}),
    ]
    assert [run.status for run in runs] == ["SUCCEEDED"] * 3, [run.cause for run in runs]
    assert owner.api.tokens
    search = Search(marks={name.encode()})
    for secret in (owner.api.key, owner.client_secret, *owner.api.tokens):
        search.secrets |= forms(secret)
    look_everywhere(search, lifecycle, runs, announced())
    assert search.hits == []
    assert {"histories", "records", "log streams"} <= search.marked | {"records"}

"""The input: defaults, envelopes, and one clear sentence for each thing that is wrong."""

from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.request.artifact import code_shape
from lifecycle.request.inputs import allowed_values
from lifecycle.request.model import Request, parse_request

JWT = {
    "type": "jwt",
    "discoveryUrl": "https://id.example.com/.well-known/openid-configuration",
    "allowedClients": ["app"],
    "tokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:caller-AbCdEf",
}


def test_empty_input_is_the_default_environment() -> None:
    request = parse_request({})
    assert request.environment == "dev"
    assert (request.action, request.artifact.type, request.auth.type) == (
        "provision",
        "container",
        "cognito",
    )
    assert (
        request.wait.interval_seconds,
        request.wait.max_interval_seconds,
        request.wait.timeout_seconds,
    ) == (
        1,
        None,
        1800,
    )
    assert request.smoke_test.prompt == "今の天気はどうですか？"
    assert request.teardown == "never"


def test_event_bridge_envelope_is_taken_off() -> None:
    event = {
        "id": "1",
        "detail-type": "Environment Rebuild Requested",
        "detail": {"environment": "night"},
    }
    assert parse_request(event).environment == "night"


def test_a_request_survives_the_way_through_the_state_machine() -> None:
    request = parse_request({"auth": JWT, "ttlHours": 1, "runtime": {"protocol": "MCP"}})
    assert Request.model_validate(request.to_json()) == request


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            {"enviroment": "x"},
            "enviroment: unknown field (did you mean environment?), allowed: action, environment",
        ),
        ({"wait": {"seconds": 1}}, "wait.seconds: unknown field, allowed: intervalSeconds"),
        ({"environment": "Dev"}, "environment: given 'Dev', allowed: a lower-case letter"),
        ({"environment": "a" * 25}, "environment: given 'aaaaaaaaaaaaaaaaaaaaaaaaa', allowed"),
        ({"environment": "dev\n"}, "environment: given 'dev\\n', allowed"),
        ({"wait": {"timeoutSeconds": -1}}, "wait.timeoutSeconds: given -1, allowed: 1 to 14400"),
        (
            {"wait": {"timeoutSeconds": "60"}},
            "wait.timeoutSeconds: given '60', allowed: 1 to 14400",
        ),
        (
            {"wait": {"timeoutSeconds": True}},
            "wait.timeoutSeconds: given true, allowed: 1 to 14400",
        ),
        (
            {"wait": {"intervalSeconds": 20, "maxIntervalSeconds": 15}},
            "wait.intervalSeconds: given 20, allowed: at most maxIntervalSeconds (15)",
        ),
        (
            {"wait": {"maxIntervalSeconds": 2, "timeoutSeconds": 14400}},
            "wait.maxIntervalSeconds: given 2, allowed: at least 765 with timeoutSeconds 14400",
        ),
        (
            {"auth": {"discoveryUrl": "https://x/y"}},
            "auth.discoveryUrl: given 'https://x/y', allowed: a URL that ends",
        ),
        (
            {"auth": {"type": "jwt"}},
            "auth.discoveryUrl: given nothing, allowed: required with auth.type jwt",
        ),
        (
            {"auth": {**JWT, "allowedClients": None}},
            "auth.allowedClients: given nothing, allowed: at least one of",
        ),
        (
            {"auth": {"allowedClients": ["a"]}},
            "auth.allowedClients: given ['a'], allowed: only with auth.type jwt",
        ),
        (
            {"auth": {"type": "iam", "flow": "password"}},
            "auth.flow: given 'password', allowed: only with auth.type",
        ),
        (
            {"smokeTest": {"expect": "("}},
            "smokeTest.expect: given '(', allowed: a valid regular expression",
        ),
        (
            {"smokeTest": {"expect": "a{99999999999}"}},
            "smokeTest.expect: given 'a{99999999999}', allowed: a valid regular expression",
        ),
        (
            {
                "auth": {
                    "type": "jwt",
                    "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
                    "allowedClients": ["c" * 100] * 1000,
                    "tokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-b",
                }
            },
            "bytes as JSON with its defaults', allowed: at most 100000 bytes",
        ),
        *(
            (
                {"runtime": {"protocol": protocol}, "smokeTest": {"webSocket": True}},
                "smokeTest.webSocket: given true, allowed: true only with runtime.protocol HTTP; the runtime's "
                f"protocol is {protocol}",
            )
            for protocol in ("MCP", "A2A", "AGUI")
        ),
        (
            {"smokeTest": {"webSocket": "yes"}},
            "smokeTest.webSocket: given 'yes', allowed: true or false",
        ),
        ({"artifact": {"type": "zip"}}, "artifact.type: given 'zip', allowed: container or code"),
        (
            {
                "artifact": {
                    "type": "code",
                    "containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/ab:1",
                }
            },
            "artifact.containerUri: given '123456789012.dkr.ecr.us-east-1.amazonaws.com/ab:1', allowed: only with",
        ),
        (
            {"artifact": {"source": {"bucket": "b-1"}}},
            "artifact.source.key: required, allowed: an S3 key",
        ),
        (
            {"runtime": {"idleTimeoutSeconds": 59}},
            "runtime.idleTimeoutSeconds: given 59, allowed: 60 to 1209600",
        ),
        (
            {"runtime": {"idleTimeoutSeconds": 90, "maxLifetimeSeconds": 80}},
            "runtime.idleTimeoutSeconds: given 90, allowed: at most maxLifetimeSeconds (80)",
        ),
        ({"tags": {"aws:x": "1"}}, "tags: given 'aws:x', allowed: a tag key that is not reserved"),
        (
            {"tags": {"AgentCore-Lifecycle:smoke-test": "allowed"}},
            "tags: given 'AgentCore-Lifecycle:smoke-test', allowed: a tag key that is not reserved",
        ),
        ({"ttlHours": 0}, "ttlHours: given 0, allowed: 0.0001 to 8760"),
        (
            {"action": "smokeTest", "dryRun": True},
            "dryRun: given true, allowed: true only with action provision, rollback or teardown",
        ),
        *(
            (
                {"action": action, "autoRollback": True},
                "autoRollback: given true, allowed: true only with action smokeTest",
            )
            for action in ("provision", "teardown", "rollback")
        ),
        ([], "input: given [], allowed: a JSON object"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_given_and_what_is_allowed(
    value: Any, sentence: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(value)
    assert sentence in str(caught.value)


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({"environment": "X", "teardown": "maybe"})
    assert "environment: given" in str(caught.value)
    assert "teardown: given" in str(caught.value)
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({"auth": {"type": "jwt", "flow": "password"}})
    for field in ("discoveryUrl", "tokenSecretArn", "allowedClients", "flow"):
        assert f"auth.{field}: given " in str(caught.value)


def test_values_that_may_be_confidential_are_not_repeated() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(
            {"runtime": {"environmentVariables": {"bad-name": "hunter2", "OK": ["hunter3"]}}}
        )
    assert "hunter" not in str(caught.value)
    assert "runtime.environmentVariables" in str(caught.value)


def test_every_field_says_what_is_allowed() -> None:
    def walk(
        schema: dict[str, Any], definitions: dict[str, Any], path: tuple[str, ...]
    ) -> list[tuple[str, ...]]:
        found = []
        for name, field in schema.get("properties", {}).items():
            found.append((*path, name))
            for reference in (field, *field.get("anyOf", [])):
                if "$ref" in reference:
                    inner = definitions[reference["$ref"].rpartition("/")[2]]
                    found += walk(inner, definitions, (*path, name))
        return found

    schema = Request.model_json_schema()
    fields = walk(schema, schema["$defs"], ())
    assert len(fields) > 30
    assert all(allowed_values(Request, path) for path in fields)


@pytest.mark.parametrize("runtime", code_shape().members["runtime"].enum)
def test_every_runtime_of_the_service_model_is_allowed(runtime: str) -> None:
    artifact = {"type": "code", "runtime": runtime, "entryPoint": ["tool", "app.py"]}
    request = parse_request({"artifact": artifact})
    assert request.artifact.runtime == runtime
    assert Request.model_validate(request.to_json()) == request


@pytest.mark.parametrize(
    ("artifact", "sentence"),
    [
        ({"runtime": "PYTHON_3_13"}, "artifact.runtime: given 'PYTHON_3_13', allowed: only with"),
        ({"entryPoint": ["a"]}, "artifact.entryPoint: given ['a'], allowed: only with"),
        (
            {"type": "code", "runtime": "COBOL"},
            "artifact.runtime: given 'COBOL', allowed: one of PY",
        ),
        ({"type": "code", "entryPoint": []}, "artifact.entryPoint: given [], allowed: from 1 to 2"),
        ({"type": "code", "entryPoint": ["a"] * 3}, "allowed: from 1 to 2 entries"),
        (
            {"type": "code", "entryPoint": [""]},
            "artifact.entryPoint.[0]: given '', allowed: from 1",
        ),
        ({"type": "code", "entryPoint": ["a" * 129]}, "allowed: from 1 to 128 characters"),
        ({"type": "code", "entryPoint": "a"}, "artifact.entryPoint: given 'a', allowed: 1 or 2"),
    ],
)
def test_runtime_and_entry_point_are_those_of_the_service(
    artifact: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({"artifact": artifact})
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"gateway": {"type": "other"}}, "gateway.type: given 'other', allowed: runtime or mcp"),
        ({"gateway": {}}, "gateway.type: required, allowed: runtime or mcp"),
        (
            {"gateway": True},
            "gateway: given true, allowed: an object, only with action provision",
        ),
        (
            {"gateway": {"type": "runtime", "only": "yes"}},
            "gateway.only: given 'yes', allowed: true or false, true only with gateway.type runtime",
        ),
        (
            {
                "auth": {
                    "configuration": {
                        "allowedWorkloadConfiguration": {"workloadIdentities": ["agent"]}
                    }
                },
                "gateway": {"type": "runtime", "only": True},
            },
            "auth.configuration.allowedWorkloadConfiguration: given "
            "{'workloadIdentities': ['agent']}, allowed: only without gateway.only",
        ),
        (
            {"smokeTest": {"webSocket": True}, "gateway": {"type": "runtime", "only": True}},
            "smokeTest.webSocket: given true, allowed: true only without gateway.only",
        ),
        *(
            (
                {"action": action, "gateway": {"type": "runtime"}},
                "gateway: given {'type': 'runtime'}, allowed: only with action provision",
            )
            for action in ("teardown", "smokeTest", "rollback")
        ),
    ],
)
def test_a_gateway_is_refused_by_its_field(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(given)
    assert str(caught.value) == said


def test_a_gateway_is_asked_for_by_its_type() -> None:
    asked = parse_request({"gateway": {"type": "runtime"}})
    assert asked.to_json()["gateway"] == {
        "type": "runtime",
        "only": False,
        "targets": [],
        "test": None,
    }
    assert parse_request({}).gateway is None

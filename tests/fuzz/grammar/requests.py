"""Lifecycle and fleet inputs whose parts fit together, from the models that validate them and from the service's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lifecycle.fleet.request import FleetRequest
from lifecycle.request.model import Request
from lifecycle.request.service.ownership import AUTH_OWNED, RUNTIME_OWNED
from lifecycle.request.service.service_model import input_shape, jwt_authorizer_shape
from tests.fuzz.grammar.schemas import from_schema
from tests.fuzz.grammar.shapes import from_shape

LONG_ENOUGH = 1000  # a maxIntervalSeconds that any timeoutSeconds allows
Draw = Callable[[SearchStrategy[Any]], Any]

_SECTIONS = from_schema(Request.model_json_schema(by_alias=True))
_RUNTIME_MEMBERS = from_shape(input_shape("CreateAgentRuntime"), RUNTIME_OWNED)
_JWT_MEMBERS = from_shape(jwt_authorizer_shape(), AUTH_OWNED)
_OF_JWT = ("discoveryUrl", "allowedClients", "allowedAudience", "allowedScopes", "tokenSecretArn")
_JWT = {
    "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
    "allowedClients": ["client"],
    "tokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:theirs-abcdef",
}
_CLAIMS = [
    {
        "inboundTokenClaimValueType": kind,
        "authorizingClaimMatchValue": {
            "claimMatchOperator": operator,
            "claimMatchValue": {name: value},
        },
    }
    for operator, kind, name, value in [
        ("EQUALS", "STRING", "matchValueString", "a"),
        ("CONTAINS", "STRING_ARRAY", "matchValueString", "a"),
        ("CONTAINS_ANY", "STRING_ARRAY", "matchValueStringList", ["a", "b"]),
    ]
]
_HEADERS = st.sampled_from(
    ["Authorization", "X-Tenant", "X-Amzn-Bedrock-AgentCore-Runtime-Custom-A", "x_y-z", "Q"]
)


@st.composite
def lifecycle_inputs(draw: Draw) -> Any:
    """Inputs of the lifecycle, most of which are accepted."""
    given = draw(_SECTIONS)
    for name in ("artifact", "auth", "runtime", "smokeTest", "wait"):
        if name in given:
            given[name] = {k: v for k, v in given[name].items() if v is not None}
    _fit_auth(draw, given)
    _fit_artifact(draw, given.get("artifact", {}))
    _fit_runtime(draw, given)
    if given.get("version") is not None:
        given["action"] = "rollback"
    if given.get("dryRun") and given.get("action") == "smokeTest":
        given["action"] = "teardown"
    if given.get("autoRollback"):
        given["action"] = "smokeTest"
        given.pop("version", None)
        given.pop("dryRun", None)
    _fit_smoke_test(draw, given)
    wait = given.get("wait", {})
    if wait:
        if "maxIntervalSeconds" in wait:
            wait["maxIntervalSeconds"] = max(wait["maxIntervalSeconds"], LONG_ENOUGH)
        wait["intervalSeconds"] = min(wait.get("intervalSeconds", 1), 300)
    return given


_PATTERNS = st.sampled_from([r"\S", "晴れ", "a|b", "(?i)ok", "."])
_PATHS = st.sampled_from(["a.b[0]", "a[?b == 'c'] | [0]", "@", "a[*].b"])


def _fit_smoke_test(draw: Draw, given: dict[str, Any]) -> None:
    smoke_test = given.get("smokeTest", {})
    if "expect" in smoke_test:
        smoke_test["expect"] = draw(_PATTERNS)
    if "casesFrom" in smoke_test and draw(st.booleans()):
        smoke_test.pop("cases", None)
    elif smoke_test.get("cases"):
        smoke_test.pop("casesFrom", None)
    elif "casesFrom" not in smoke_test:
        for name in ("repeat", "minPassRate", "maxP95Seconds"):
            smoke_test.pop(name, None)
    for number, evaluator in enumerate(smoke_test.get("evaluators", [])):
        evaluator["evaluator"] = f"Builtin.Evaluator{number}"
        if 0 < evaluator["minScore"] < 0.001:
            evaluator["minScore"] = 0
    if not smoke_test.get("evaluators"):
        smoke_test.pop("evaluationSeconds", None)
    http = given.get("runtime", {}).get("protocol", "HTTP") == "HTTP"
    for number, case in enumerate(smoke_test.get("cases", [])):
        case["expect"] = draw(_PATTERNS)
        case.pop("reject", None)
        if case.get("name") is not None:
            case["name"] = f"case {number} é"
        if case.get("path") is not None:
            case["path"] = draw(_PATHS)
        if case.get("payload") is not None and http:
            case["payload"] = {"input": [1, 2.5, {"a": None}]}
            case.pop("prompt", None)
        else:
            case.pop("payload", None)
            case["prompt"] = case.get("prompt") or "a"


def _fit_auth(draw: Draw, given: dict[str, Any]) -> None:
    auth = given.get("auth")
    if not auth:
        return
    kind = auth.get("type", "cognito")
    if kind == "jwt":
        auth.pop("flow", None)
        given["auth"] = auth = {**_JWT, **auth}
        if draw(st.booleans()):
            auth["discoveryUrl"] = _JWT["discoveryUrl"]
        if draw(st.booleans()):
            auth["tokenSecretArn"] = _JWT["tokenSecretArn"]
    else:
        for name in _OF_JWT:
            auth.pop(name, None)
    if kind == "iam":
        auth.pop("flow", None)
        auth.pop("configuration", None)
    elif draw(st.booleans()):
        auth["configuration"] = draw(_JWT_MEMBERS)
        for claim in auth["configuration"].get("customClaims", []):
            # Half of the drawn ones do not fit together.
            if draw(st.booleans()):
                claim.update(draw(st.sampled_from(_CLAIMS)))


def _fit_artifact(draw: Draw, artifact: dict[str, Any]) -> None:
    code = artifact.get("type") == "code"
    if code:
        artifact.pop("containerUri", None)
        if "runtime" in artifact:
            artifact["runtime"] = draw(st.sampled_from(["PYTHON_3_13", "NODE_22"]))
        if "entryPoint" in artifact:
            artifact["entryPoint"] = draw(
                st.lists(st.sampled_from(["main.py", "run", "é" * 128]), min_size=1, max_size=2)
            )
    else:
        for name in ("package", "runtime", "entryPoint"):
            artifact.pop(name, None)
    # Only one of these.
    there = [name for name in ("source", "package", "containerUri") if name in artifact]
    kept = draw(st.sampled_from(there)) if there else None
    for name in there:
        if name != kept:
            del artifact[name]


def _fit_runtime(draw: Draw, given: dict[str, Any]) -> None:
    runtime = given.get("runtime")
    if runtime is None:
        return
    if "requestHeaders" in runtime:
        headers = draw(st.lists(_HEADERS, unique=True, max_size=5))
        if given.get("auth", {}).get("type") == "iam":
            headers = [name for name in headers if name != "Authorization"]
        runtime["requestHeaders"] = headers
    if "idleTimeoutSeconds" in runtime and "maxLifetimeSeconds" in runtime:
        pair = sorted([runtime["idleTimeoutSeconds"], runtime["maxLifetimeSeconds"]])
        runtime["idleTimeoutSeconds"], runtime["maxLifetimeSeconds"] = pair
    variables = runtime.get("environmentVariables", {})
    for name in list(variables):
        variables[name] = variables[name][:250]
    if draw(st.booleans()):
        runtime["configuration"] = draw(_RUNTIME_MEMBERS)
        if "network" not in runtime:
            runtime["configuration"].pop("networkConfiguration", None)


@st.composite
def fleet_inputs(draw: Draw) -> Any:
    """Inputs of a fleet execution, most of which are accepted."""
    given = draw(_FLEET)
    if given["action"] != "rebuild":
        given.pop("source", None)
    if given["action"] != "sweep":
        given.pop("removeOrphans", None)
    return given


_FLEET = from_schema(FleetRequest.model_json_schema(by_alias=True))

LIFECYCLE_EXAMPLES: list[Any] = [
    {},
    {"environment": "night", "ttlHours": 0.5, "tags": {"team": "a b"}},
    {"action": "smokeTest", "smokeTest": {"prompt": "hello", "expect": "晴れ|sunny"}},
    {"action": "teardown", "dryRun": True},
    {"dryRun": True, "tags": {"team": "a"}},
    {"action": "rollback", "environment": "shop", "version": "4"},
    {"action": "rollback", "dryRun": True},
    {"action": "smokeTest", "autoRollback": True},
    {"auth": {"type": "jwt", **_JWT}, "runtime": {"requestHeaders": ["Authorization"]}},
    {"auth": {"flow": "clientCredentials"}, "wait": {"timeoutSeconds": 60}},
    {
        "artifact": {"type": "code", "source": {"bucket": "sources", "key": "agent.zip"}},
        "runtime": {
            "protocol": "MCP",
            "environmentVariables": {"A": "b"},
            "network": {"subnets": ["subnet-12345678"], "securityGroups": ["sg-12345678"]},
            "configuration": {"platformVersion": "V2", "protocolConfiguration": {"port": 8000}},
        },
    },
]
"""Inputs by hand, for mutations that begin at what people write."""

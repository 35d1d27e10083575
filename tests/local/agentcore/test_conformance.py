"""Every constraint of botocore's model, broken once in every operation: none written by hand."""

from __future__ import annotations

import json
import re
import re._constants as opcodes  # type: ignore[import-not-found]
import re._parser as regex_parser  # type: ignore[import-not-found]
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from local.agentcore.model.protocol import load_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local.agentcore.conftest import World

SERVICE = "bedrock-agentcore-control"
OPERATIONS = [
    "CreateAgentRuntime",
    "GetAgentRuntime",
    "ListAgentRuntimes",
    "ListAgentRuntimeVersions",
    "UpdateAgentRuntime",
    "DeleteAgentRuntime",
    "CreateAgentRuntimeEndpoint",
    "GetAgentRuntimeEndpoint",
    "ListAgentRuntimeEndpoints",
    "UpdateAgentRuntimeEndpoint",
    "DeleteAgentRuntimeEndpoint",
    "CreateGateway",
    "GetGateway",
    "ListGateways",
    "UpdateGateway",
    "DeleteGateway",
    "CreateGatewayTarget",
    "GetGatewayTarget",
    "ListGatewayTargets",
    "UpdateGatewayTarget",
    "DeleteGatewayTarget",
    "SynchronizeGatewayTargets",
    "CreateGatewayRule",
    "GetGatewayRule",
    "ListGatewayRules",
    "UpdateGatewayRule",
    "DeleteGatewayRule",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
    "PutResourcePolicy",
    "GetResourcePolicy",
    "DeleteResourcePolicy",
    "GetEvaluator",
    *(
        f"{verb}{kind}"
        for kind in ("ApiKeyCredentialProvider", "Oauth2CredentialProvider", "WorkloadIdentity")
        for verb in ("Create", "Get", "Update", "Delete")
    ),
    "ListApiKeyCredentialProviders",
    "ListOauth2CredentialProviders",
    "ListWorkloadIdentities",
    "GetTokenVault",
]
MODEL = load_model(SERVICE)
Path = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A request that is good but for one thing.

    Attributes:
        path: Where the fault is; `[]` stands for a list's first item, `{}` for a map's first value,
            `{key}` for its first key.
        fault: Which constraint is broken.
        value: The value that breaks it; `LEFT_OUT` for none.
    """

    operation: str
    path: Path
    fault: str
    value: Any

    def __str__(self) -> str:
        return f"{self.operation}-{'.'.join(self.path)}-{self.fault}"


LEFT_OUT = object()


def sample(shape: Any, below: Path = ()) -> Any:
    """Return a small valid value of a shape that reaches down the path `below`."""
    head, rest = (below[0], below[1:]) if below else (None, ())
    if shape.type_name == "structure":
        wanted = list(shape.required_members)
        if shape.is_tagged_union:
            wanted = [head or next(iter(shape.members))]
        elif head is not None and head not in wanted:
            wanted.append(head)
        return {n: sample(shape.members[n], rest if n == head else ()) for n in wanted}
    if shape.type_name == "list":
        return [sample(shape.member, rest) for _ in range(max(1, shape.metadata.get("min", 1)))]
    if shape.type_name == "map":
        key = sample(shape.key)
        return {key: sample(shape.value, rest if head == "{}" else ())}
    if shape.type_name in ("integer", "long"):
        return shape.metadata.get("min", 1)
    if shape.type_name == "boolean":
        return True
    if shape.type_name == "timestamp":
        return datetime.now(UTC)
    assert shape.type_name == "string", shape.type_name
    return text(shape)


def text(shape: Any) -> str:
    """Return a valid string of a shape, made from its enum or its pattern."""
    if "enum" in shape.metadata:
        return str(shape.metadata["enum"][0])
    low = shape.metadata.get("min", 1)
    if "pattern" not in shape.metadata:
        return "x" * max(int(low), 1)
    for repeat in range(80):
        found = _from_pattern(regex_parser.parse(shape.metadata["pattern"]), repeat)
        if len(found) >= max(low, 1):
            return str(found)
    raise AssertionError(shape.name)


def _from_pattern(parsed: Any, repeat: int) -> str:
    """Return a string that matches: `repeat` more than the fewest, wherever there is a choice."""
    out = ""
    for opcode, argument in parsed:
        if opcode is opcodes.LITERAL:
            out += chr(argument)
        elif opcode is opcodes.IN:
            out += _from_class(argument)
        elif opcode in (opcodes.ANY, opcodes.NOT_LITERAL):
            out += "x"
        elif opcode in (opcodes.MAX_REPEAT, opcodes.MIN_REPEAT):
            low, high, inner = argument
            out += _from_pattern(inner, repeat) * min(low + repeat, high)
        elif opcode is opcodes.SUBPATTERN:
            out += _from_pattern(argument[3], repeat)
        elif opcode is opcodes.BRANCH:
            out += _from_pattern(argument[1][0], repeat)
        else:
            raise AssertionError(opcode)
    return out


def _from_class(members: list[Any]) -> str:
    kind, argument = members[0]
    if kind is opcodes.NEGATE:
        return "x"
    if kind is opcodes.CATEGORY:
        return "7" if argument is opcodes.CATEGORY_DIGIT else "x"
    return chr(argument if kind is opcodes.LITERAL else argument[0])


def faults_of(operation: str, shape: Any, path: Path, parents: Path) -> Iterator[Case]:
    """Yield every way to break a shape and what is below it; a recursive shape only once."""
    in_path = shape.serialization.get("location") == "uri"
    if shape.type_name in ("string", "integer", "list", "map"):
        yield from _constraints(operation, shape, path, in_path)
    # What stands in a path, a query or a header is text, and so is a key of a JSON object.
    as_text = shape.serialization.get("location") is not None or path[-1:] == ("{key}",)
    if shape.type_name in ("string", "integer", "boolean") and not as_text:
        yield Case(operation, path, "type", ["a list"])
    if shape.name in parents:
        return
    parents = (*parents, shape.name)
    if shape.type_name == "structure":
        for name in shape.required_members:
            if shape.members[name].serialization.get("location") != "uri":
                yield Case(operation, (*path, name), "required", LEFT_OUT)
        if shape.is_tagged_union:
            yield Case(operation, path, "union-empty", {})
            first, *others = shape.members
            for other in others:
                both = sample(shape, (first,)) | sample(shape, (other,))
                yield Case(operation, path, f"union-{first}-{other}", both)
        for name, member in shape.members.items():
            yield from faults_of(operation, member, (*path, name), parents)
    elif shape.type_name == "list":
        yield from faults_of(operation, shape.member, (*path, "[]"), parents)
    elif shape.type_name == "map":
        yield from faults_of(operation, shape.key, (*path, "{key}"), parents)
        yield from faults_of(operation, shape.value, (*path, "{}"), parents)


def _constraints(operation: str, shape: Any, path: Path, in_path: bool) -> Iterator[Case]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "integer":
        if low is not None:
            yield Case(operation, path, "min", low - 1)
        if high is not None:
            yield Case(operation, path, "max", high + 1)
    elif shape.type_name == "list":
        if low:
            yield Case(operation, path, "min", [])
        if high is not None:
            yield Case(operation, path, "max", [sample(shape.member)] * (high + 1))
    elif shape.type_name == "map":
        if low:
            yield Case(operation, path, "min", {})
        if high is not None:
            many = {f"{sample(shape.key)}{n}": sample(shape.value) for n in range(high + 1)}
            yield Case(operation, path, "max", many)
    else:
        # An empty segment of a path is another path, so nothing shorter than one can be sent there.
        if low and (low > 1 or not in_path):
            yield Case(operation, path, "min", text(shape)[: low - 1])
        if high is not None:
            yield Case(operation, path, "max", text(shape) * (high // len(text(shape)) + 1))
        if "enum" in shape.metadata:
            yield Case(operation, path, "enum", "NO_SUCH_VALUE")
        pattern = shape.metadata.get("pattern")
        for wrong in ("\x7f", f"é{text(shape)}", f"{text(shape)} \n"):
            if pattern and re.fullmatch(pattern, wrong, re.ASCII) is None:
                yield Case(operation, path, f"pattern-{wrong[0] + wrong[-1]!a}", wrong)


CASES = [
    case
    for name in OPERATIONS
    for case in faults_of(name, MODEL.operation_model(name).input_shape, (), ())
]


def put(value: Any, path: Path, wrong: Any) -> Any:
    """Return the value with `wrong` at the path."""
    if not path:
        return wrong
    head, rest = path[0], path[1:]
    if head == "{key}":
        return {wrong: next(iter(value.values()))}
    if isinstance(value, list):
        return [put(value[0], rest, wrong), *value[1:]]
    key = next(iter(value)) if head == "{}" else head
    if not rest and wrong is LEFT_OUT:
        return {name: item for name, item in value.items() if name != key}
    return {**value, key: put(value.get(key), rest, wrong)}


def call(client: Any, operation: str, request: dict[str, Any]) -> Any:
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    return getattr(client, method)(**request)


@pytest.fixture(scope="module")
def unchecked(shared_world: World) -> Any:
    """Return a client that sends what it knows to be wrong."""
    return shared_world.client(SERVICE, parameter_validation=False)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_constraint_is_the_modelled_error(case: Case, unchecked: Any) -> None:
    shape = MODEL.operation_model(case.operation).input_shape
    good = sample(shape, case.path)
    assert not ParamValidator().validate(good, shape).has_errors()
    bad = put(good, case.path, case.value)
    with pytest.raises(ClientError) as raised:
        call(unchecked, case.operation, bad)
    answer = raised.value.response
    assert answer["Error"]["Code"] == "ValidationException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["reason"] == "FieldValidationFailed"
    first = next(p for p in case.path if p not in ("[]", "{}", "{key}"))
    assert any(f["name"].split(".")[0] == first for f in answer["fieldList"]), answer["fieldList"]


def test_there_are_hundreds_of_them() -> None:
    kinds = {case.fault.split("-")[0] for case in CASES}
    assert kinds == {"required", "min", "max", "enum", "pattern", "union", "type"}
    assert len(CASES) >= 500
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_good_request_is_never_refused_for_its_shape(operation: str, unchecked: Any) -> None:
    request = sample(MODEL.operation_model(operation).input_shape)
    try:
        call(unchecked, operation, request)
    except ClientError as error:
        assert "validation error" not in str(error)  # noqa: PT017
        assert error.response["Error"]["Code"] != "InternalServerException"  # noqa: PT017


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"text"'], ids=repr)
def test_a_body_that_is_no_json_object_cannot_be_parsed(body: bytes, shared_world: World) -> None:
    from werkzeug.test import Client

    answer = Client(shared_world.core.control).put("/runtimes/", data=body)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert json.loads(answer.data)["reason"] == "CannotParse"


def test_every_operation_of_agentcore_runtime_is_served(shared_world: World) -> None:
    runtime = {n for n in MODEL.operation_names if "AgentRuntime" in n}
    # It lists by capacity provider, a resource of another kind.
    runtime.remove("ListAgentRuntimeVersionsByCapacityProvider")
    assert runtime <= set(OPERATIONS)
    assert set(shared_world.core.control.operations) == set(OPERATIONS)

"""Input that is passed on to AWS is checked against AWS's own model, member by member."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from lifecycle.request.inputs import allowed_values
from lifecycle.request.model import Request
from lifecycle.request.service.ownership import AUTH_OWNED, RUNTIME_OWNED
from lifecycle.request.service.service_model import find_faults, input_shape

CREATE = input_shape("CreateAgentRuntime")
UPDATE = input_shape("UpdateAgentRuntime")
JWT = CREATE.members["authorizerConfiguration"].members["customJWTAuthorizer"]


def faults(value: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.path, fault.allowed) for fault in find_faults(CREATE, value, RUNTIME_OWNED)]


def paths(shape: Any, prefix: str = "") -> Iterator[str]:
    for name, member in shape.members.items():
        path = f"{prefix}.{name}" if prefix else name
        if member.type_name == "structure":
            yield from paths(member, path)
        else:
            yield path


@pytest.mark.parametrize(
    "value",
    [
        {"protocolConfiguration": {"port": 9001, "path": "/agent"}},
        {"platformVersion": "V2"},
        {"filesystemConfigurations": [{"sessionStorage": {"mountPath": "/mnt/x"}}]},
        {"hooksConfiguration": {"build": {"warmup": {"action": {"httpPost": {"path": "/w"}}}}}},
        {"resourceConfigurations": [{"minimumMemoryInMiB": 4096}]},
        {"networkConfiguration": {"networkModeConfig": {"requireServiceS3Endpoint": True}}},
        {"allowedPorts": [{"port": 9000}, {"portRange": {"from": 9001, "to": 9005}}]},
    ],
    ids=lambda value: next(iter(value)),
)
def test_members_without_a_field_are_allowed(value: dict[str, Any]) -> None:
    assert faults(value) == []


@pytest.mark.parametrize(
    ("value", "path", "allowed"),
    [
        pytest.param(
            {"platformVersio": "V2"},
            "platformVersio",
            "did you mean platformVersion?",
            id="unknown",
        ),
        pytest.param({"platformVersion": 2}, "platformVersion", "a string", id="type"),
        pytest.param({"platformVersion": None}, "platformVersion", "a string", id="null"),
        pytest.param({"platformVersion": "V 2"}, "platformVersion", "matches", id="pattern"),
        pytest.param(
            {"platformVersion": "v" * 129}, "platformVersion", "from 1 to 128", id="length"
        ),
        pytest.param(
            {"protocolConfiguration": {"port": 80}},
            "protocolConfiguration.port",
            "8000 to 12000",
            id="bound",
        ),
        pytest.param(
            {"protocolConfiguration": {"port": True}},
            "protocolConfiguration.port",
            "whole",
            id="bool",
        ),
        pytest.param(
            {"resourceConfigurations": [{}]},
            "resourceConfigurations[0].minimumMemoryInMiB",
            "required",
            id="missing",
        ),
        pytest.param({"allowedPorts": []}, "allowedPorts", "from 1 to 5 entries", id="empty"),
        pytest.param(
            {"allowedPorts": [{"port": 9000}] * 6}, "allowedPorts", "from 1 to 5", id="too many"
        ),
        pytest.param(
            {"hooksConfiguration": {"build": {"warmup": {"action": {}}}}},
            "hooksConfiguration.build.warmup.action",
            "exactly one of httpPost",
            id="union",
        ),
        *(
            pytest.param({name: "x"}, name, reason, id=name)
            for name, reason in RUNTIME_OWNED.items()
            if "." not in name
        ),
        pytest.param(
            {"protocolConfiguration": {"serverProtocol": "MCP"}},
            "protocolConfiguration.serverProtocol",
            "runtime.protocol",
            id="nested owned",
        ),
    ],
)
def test_each_fault_is_named_by_its_path(value: dict[str, Any], path: str, allowed: str) -> None:
    found = faults(value)
    assert [where for where, _ in found] == [path]
    assert allowed in found[0][1]


def test_every_owned_path_is_in_the_model() -> None:
    known = {*paths(CREATE), *paths(UPDATE)}
    members = {*CREATE.members, *UPDATE.members}
    assert {path for path in RUNTIME_OWNED if path not in known and path not in members} == set()
    assert set(AUTH_OWNED) <= set(JWT.members)


def _around(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


@pytest.mark.parametrize(
    ("name", "shape", "owned", "prefix"),
    [
        ("CreateAgentRuntime", CREATE, RUNTIME_OWNED, "runtime.configuration"),
        ("UpdateAgentRuntime", UPDATE, RUNTIME_OWNED, "runtime.configuration"),
        ("customJWTAuthorizer", JWT, AUTH_OWNED, "auth.configuration"),
    ],
)
def test_every_member_of_the_model_is_reached_or_owned(
    name: str, shape: Any, owned: dict[str, str], prefix: str
) -> None:
    reached, ours, missing = [], [], []
    for path in paths(shape):
        by_us = [owner for owner in owned if path == owner or path.startswith(f"{owner}.")]
        # A value of no type: what is said of it must be about its type, and not that it cannot be given.
        found = list(find_faults(shape, _around(path, object()), owned))
        refused = [f for f in found if f.allowed.startswith(("nothing", "one of "))]
        if by_us:
            ours.append(path)
            assert refused, path
        elif any(f.path == path and f not in refused for f in found):
            reached.append(path)
        else:
            missing.append(path)
    print(f"{name}: reached by {prefix} {len(reached)}, owned {len(ours)}, missing {len(missing)}")
    assert missing == []


def test_what_to_use_instead_exists() -> None:
    for reason in (*RUNTIME_OWNED.values(), *AUTH_OWNED.values()):
        if "use the field" not in reason:
            continue  # the lifecycle sets it itself
        named = re.findall(r"\b(?:artifact|auth|runtime|tags)(?:\.[a-zA-Z]+)*", reason)
        assert named, reason
        for field in named:
            assert allowed_values(Request, tuple(field.split("."))) is not None, reason


def test_an_owned_member_counts_as_present_where_the_model_requires_it() -> None:
    assert list(find_faults(CREATE, {}, RUNTIME_OWNED)) == []
    missing = {fault.path for fault in find_faults(CREATE, {}, {})}
    assert missing == set(CREATE.required_members)


def test_a_pattern_never_sees_a_value_beyond_its_length() -> None:
    # A bound in the model is checked first, so that no pattern runs over megabytes.
    found = faults({"platformVersion": " " * 5_000_000})
    assert [allowed for _, allowed in found] == ["from 1 to 128 characters"]

"""Members that no field of ours names: provisioned, left alone, changed, dropped, and repaired when they drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.runtime import agentcore, comparison
from lifecycle.runtime.comparison import differences, digests
from lifecycle.sections.runtime import RuntimeRecord
from tests.functions.lifecycle.runtime.test_drift import CLAIM

RUNTIME: dict[str, Any] = {
    "filesystemConfigurations": [{"sessionStorage": {"mountPath": "/mnt/data"}}],
    "platformVersion": "V2",
    "hooksConfiguration": {"build": {"warmup": {"action": {"httpPost": {"path": "/warm"}}}}},
    "resourceConfigurations": [{"minimumMemoryInMiB": 4096}],
    "protocolConfiguration": {"port": 9000},
}
REQUEST = {
    "runtime": {"configuration": RUNTIME},
    "auth": {"configuration": {"customClaims": [CLAIM]}},
}


def claims(world: Any) -> Any:
    return world.detail()["authorizerConfiguration"]["customJWTAuthorizer"].get("customClaims")


def test_every_member_reaches_agentcore_and_stays(world: Any) -> None:
    assert world.provision("one", REQUEST).change == "created"
    detail = world.detail()
    for name in set(RUNTIME) - {"protocolConfiguration"}:
        assert detail[name] == RUNTIME[name]
    assert detail["protocolConfiguration"] == {"serverProtocol": "HTTP", "port": 9000}
    assert claims(world) == [CLAIM]
    again = world.provision("two", REQUEST)
    assert (again.change, again.repaired) == ("unchanged", [])


def test_an_empty_map_of_variables_is_no_change(world: Any) -> None:
    request: dict[str, Any] = {"runtime": {"environmentVariables": {}}}
    assert world.provision("one", request).change == "created"
    again = world.provision("two", request)
    assert (again.change, again.repaired) == ("unchanged", [])


def test_a_changed_member_is_an_update_and_no_drift(world: Any) -> None:
    world.provision("one", REQUEST)
    changed = RUNTIME | {"resourceConfigurations": [{"minimumMemoryInMiB": 8192}]}
    deployed = world.provision("two", REQUEST | {"runtime": {"configuration": changed}})
    assert (deployed.change, deployed.repaired) == ("updated", [])
    assert world.detail()["resourceConfigurations"] == [{"minimumMemoryInMiB": 8192}]
    assert world.detail()["filesystemConfigurations"] == RUNTIME["filesystemConfigurations"]


def test_a_member_that_the_request_no_longer_names_goes(world: Any) -> None:
    world.provision("one", REQUEST)
    deployed = world.provision("two", {"runtime": {"configuration": {"platformVersion": "V2"}}})
    assert (deployed.change, deployed.repaired) == ("updated", [])
    detail = world.detail()
    assert detail["platformVersion"] == "V2"
    assert detail["protocolConfiguration"] == {"serverProtocol": "HTTP"}
    assert claims(world) is None
    for name in ("filesystemConfigurations", "hooksConfiguration", "resourceConfigurations"):
        assert not detail.get(name)
    assert world.provision("three", deployed_again()).change == "unchanged"


def deployed_again() -> dict[str, Any]:
    return {"runtime": {"configuration": {"platformVersion": "V2"}}}


@pytest.mark.parametrize(
    ("member", "value", "phrase"),
    [
        ("filesystemConfigurations", None, "runtime's filesystemConfigurations was changed"),
        (
            "resourceConfigurations",
            [{"minimumMemoryInMiB": 2048}],
            "runtime's resourceConfigurations was changed",
        ),
        ("hooksConfiguration", None, "runtime's hooksConfiguration was changed"),
        (
            "protocolConfiguration",
            {"serverProtocol": "HTTP", "port": 9100},
            "runtime's protocol was changed",
        ),
    ],
)
def test_drift_of_a_member_is_named_and_repaired(
    world: Any, member: str, value: Any, phrase: str
) -> None:
    world.provision("one", REQUEST)
    before = world.detail()
    settable = world.control.meta.service_model.operation_model("UpdateAgentRuntime").input_shape
    whole = {
        name: before[name]
        for name in settable.members
        if name in before and name not in ("agentRuntimeId", member)
    }
    more = {member: value} if value is not None else {}
    world.control.update_agent_runtime(agentRuntimeId=world.only_runtime().id, **whole, **more)
    world.pass_(10)
    deployed = world.provision("two", REQUEST)
    assert [text for text in deployed.repaired if phrase in text], deployed.repaired
    assert world.detail()[member] == before[member]
    assert world.provision("three", REQUEST).repaired == []


def test_the_form_in_which_agentcore_answers_is_no_drift() -> None:
    wanted = {
        "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": "r/i@sha256:1"}},
        "environmentVariables": {},
        "networkConfiguration": {"networkMode": "PUBLIC"},
        "platformVersion": None,
    }
    answered = {
        # A tag in place of a digest: only the answer right after the deployment tells that it is the same image.
        "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": "r/i:tag"}},
        "networkConfiguration": {"networkMode": "PUBLIC", "networkModeConfig": None},
        "platformVersion": "V1",
    }
    fresh = RuntimeRecord(name="r", deployed=digests(wanted))
    assert differences(wanted, answered, fresh) == ["agentRuntimeArtifact", "platformVersion"]
    known = fresh.model_copy(update={"echoed": digests(answered, wanted)})
    assert differences(wanted, answered, known) == []
    moved = answered | {
        "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": "r/i:other"}}
    }
    assert differences(wanted, moved, known) == ["agentRuntimeArtifact"]


Answer = Callable[[dict[str, Any]], dict[str, Any]]


def _defaults_filled_in(answer: dict[str, Any]) -> dict[str, Any]:
    whole = answer | {"platformVersion": "V1", "allowedPorts": [], "hooksConfiguration": None}
    whole["networkConfiguration"] = answer["networkConfiguration"] | {"networkModeConfig": {}}
    whole["protocolConfiguration"] = answer["protocolConfiguration"] | {"port": 8080}
    return whole


def _image_by_tag(answer: dict[str, Any]) -> dict[str, Any]:
    uri = answer["agentRuntimeArtifact"]["containerConfiguration"]["containerUri"]
    tagged = {"containerConfiguration": {"containerUri": uri.partition("@")[0] + ":tag"}}
    return answer | {"agentRuntimeArtifact": tagged}


@pytest.mark.parametrize("form", [_defaults_filled_in, _image_by_tag])
def test_another_form_is_not_repaired_at_every_run(
    world: Any, form: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = comparison.differences
    seen: list[list[str]] = []

    def get_runtime(control: Any, runtime_id: str) -> dict[str, Any] | None:
        answer = plain(control, runtime_id)
        return None if answer is None else form(answer)

    def recorded(*arguments: Any) -> list[str]:
        found = original(*arguments)
        seen.append(found)
        return found

    plain = agentcore.get_runtime
    monkeypatch.setattr(agentcore, "get_runtime", get_runtime)
    monkeypatch.setattr(comparison, "differences", recorded)
    world.provision("one")
    again = world.provision("two")
    assert (again.change, again.repaired) == ("unchanged", [])
    assert seen[-1] == []

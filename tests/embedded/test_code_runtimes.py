"""Whole lifecycles of code agents for other languages and versions than the default."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.foreign import javascript

pytestmark = pytest.mark.embedded

IAM = {"auth": {"type": "iam"}, "smokeTest": {"expect": "echo of"}}


def lives(lifecycle: Any, name: str, artifact: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Provision, rebuild unchanged, test and tear down; gives the deployed code and the agent's answer."""
    given = {**IAM, "environment": name, "artifact": {"type": "code", **artifact}}
    made = lifecycle.run(given)
    assert made.status == "SUCCEEDED", (made.error, made.cause)
    runtime = lifecycle.aws.client("bedrock-agentcore-control").get_agent_runtime(
        agentRuntimeId=made.output["runtime"]["id"]
    )
    assert runtime["status"] == "READY"
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert (again.output["change"], again.output["artifact"]["built"]) == ("unchanged", False)
    gone = lifecycle.run({"environment": name, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert lifecycle.leftovers(name) == {}
    code: dict[str, Any] = runtime["agentRuntimeArtifact"]["codeConfiguration"]
    return code, str(made.output["smokeTest"]["answer"])


def test_a_node_agent(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if javascript.TOOLS.is_file():
        folder = str(javascript.TOOLS.parent)
        monkeypatch.setenv("PATH", os.pathsep.join((folder, os.environ["PATH"])))
    elif shutil.which("node") is None:
        missing = "Node is missing: run `make test`, which installs it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    name = environment()
    source = uploaded("node", f"uploads/{name}.zip")
    artifact = {"source": source, "runtime": "NODE_22", "entryPoint": ["index.js"]}
    code, answer = lives(lifecycle, name, artifact)
    assert (code["runtime"], code["entryPoint"]) == ("NODE_22", ["index.js"])
    assert "by Node " in answer


def test_a_python_agent_of_another_version(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    name = environment()
    source = uploaded("version", f"uploads/{name}.zip")
    other = "PYTHON_3_12" if sys.version_info[:2] == (3, 11) else "PYTHON_3_11"
    artifact = {"source": source, "runtime": other, "entryPoint": ["main.py"]}
    code, answer = lives(lifecycle, name, artifact)
    assert (code["runtime"], code["entryPoint"]) == (other, ["main.py"])
    assert "by Python 3." in answer

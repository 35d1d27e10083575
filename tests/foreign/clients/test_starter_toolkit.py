"""AWS's starter toolkit, unmodified, does what the tutorial's notebook does with it, against the local AWS."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.clients.environments import PROJECT, python_of

NOTEBOOK = Path(__file__).with_name("notebook.py")


@pytest.fixture(scope="module")
def toolkit() -> Path:
    """The interpreter of an environment that has the toolkit."""
    return python_of("toolkit")


@pytest.fixture(scope="module")
def cells(
    toolkit: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the notebook's cells gave, with the bundled agent in their folder."""
    folder = tmp_path_factory.mktemp("notebook")
    for name in ("main.py", "requirements.txt"):
        shutil.copy(PROJECT / "agent" / name, folder)
    url = environment["AWS_ENDPOINT_URL"]
    endpoints = {"BEDROCK_AGENTCORE_CP_ENDPOINT": url, "BEDROCK_AGENTCORE_DP_ENDPOINT": url}
    ended = subprocess.run(
        [toolkit, NOTEBOOK, environment["AWS_REGION"]],
        cwd=folder,
        env={**environment, **endpoints},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    given: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return given


def test_configure_and_launch(cells: dict[str, Any]) -> None:
    assert "customJWTAuthorizer" in cells["configured"]
    assert cells["agentId"].startswith("notebook_agent-")
    assert "/bedrock-agentcore-notebook_agent:" in cells["image"]
    assert cells["status"] == "READY"


def test_without_a_token_the_call_is_refused(cells: dict[str, Any]) -> None:
    assert "AccessDeniedException" in cells["withoutToken"]
    assert "different authorization" in cells["withoutToken"]


def test_with_a_token_the_agent_answers(cells: dict[str, Any]) -> None:
    answer = json.loads(cells["withToken"]["response"])
    assert "天気" in answer["answer"]
    assert answer["toolsUsed"] == ["weather"]


def test_destroy_leaves_nothing(cells: dict[str, Any], aws: Any) -> None:
    assert cells["errors"] == []
    assert len(cells["removed"]) >= 6
    runtimes = aws("bedrock-agentcore-control", "list-agent-runtimes")["agentRuntimes"]
    projects = aws("codebuild", "list-projects")["projects"]
    roles = aws("iam", "list-roles")["Roles"]
    repositories = aws("ecr", "describe-repositories")["repositories"]
    names = [
        *(runtime["agentRuntimeName"] for runtime in runtimes),
        *projects,
        *(role["RoleName"] for role in roles),
        *(repository["repositoryName"] for repository in repositories),
    ]
    assert names
    assert [name for name in names if "notebook" in name or "AgentCoreSDK" in name] == []

"""A local AWS that is already running."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.errors import NotUpError, UsageError
from cli.target import deployed, local, state_folder
from cli.target.local import local_target
from tests.cli.target.fakes import MACHINE, FakeEmbedded, FakeSession, quiet

KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


def up_at(url: str) -> SimpleNamespace:
    return SimpleNamespace(
        stack_name="agentcore-lifecycle", endpoint_url=url, environment=lambda: KEYS
    )


@pytest.mark.parametrize(
    ("state_dir", "option"), [(None, ""), (Path("my state"), " --state-dir 'my state'")]
)
def test_one_that_is_up_is_used(
    module: Any, monkeypatch: pytest.MonkeyPatch, state_dir: Path | None, option: str
) -> None:
    module.running = up_at("http://localhost:4566")
    session = FakeSession({"StateMachineArn": MACHINE})
    monkeypatch.setattr(deployed, "session_of", lambda _environment: session)
    compared: list[str] = []
    monkeypatch.setattr(local, "deploy_changes", lambda url, *_rest: compared.append(url))
    with local_target({}, state_dir=state_dir, console=quiet()) as found:
        assert (found.machine_arn, found.lasting) == (MACHINE, True)
        # What is printed for a shell leads to the same one.
        assert found.options == f"--local{option}"
        assert found.aws == f'eval "$(lifecycle local env{option})"; aws'
    assert module.asked == [state_dir or state_folder.STATE_ROOT]
    assert set(session.endpoints) == {"http://localhost:4566"}
    assert FakeEmbedded.started == []
    assert compared == ["http://localhost:4566"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"delays": {"create": 1.0}}, "change its delays with `lifecycle local delays`"),
        (
            {"delays": {}, "parameters": {"RebuildEvents": "ENABLED"}},
            "local down` before you start one",
        ),
        ({"delays": {}, "keep": True}, "omit --keep"),
    ],
)
def test_what_one_that_is_up_has_decided_is_refused(
    module: Any, given: dict[str, Any], message: str
) -> None:
    module.running = up_at("http://localhost:4566")
    with (
        pytest.raises(UsageError, match=f"a local AWS is already running.*{message}"),
        local_target(**given, console=quiet()),
    ):
        pass


@pytest.mark.usefixtures("module")
def test_none_is_started_in_place_of_the_one_that_was_named() -> None:
    with (
        pytest.raises(NotUpError, match=r"no local AWS is running in d: .* up --state-dir d`"),
        local_target({}, state_dir=Path("d"), console=quiet()),
    ):
        pass
    assert FakeEmbedded.started == []

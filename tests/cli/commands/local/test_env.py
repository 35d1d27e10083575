"""`lifecycle local env --sam` with a local AWS that an older version started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.commands.local import env

if TYPE_CHECKING:
    from cli.target.local_api import LocalApi
    from tests.cli.commands.local.conftest import Lifecycle


def test_one_that_does_not_say_its_names_answers_to_localhost(
    api: LocalApi,
    lifecycle: Lifecycle,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "hostNames" not in api.health()
    monkeypatch.setattr(env, "running_api", lambda _state_dir: api)
    monkeypatch.setattr(env, "running_aws", lambda _state_dir: None)
    monkeypatch.setattr(env, "of_running", lambda *_: None)
    assert lifecycle("env", "--sam") == 2
    said = capsys.readouterr().err
    assert "--host host.docker.internal: the local AWS answers only to localhost; start it" in said

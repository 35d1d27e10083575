"""Every `lifecycle local` command takes the state folder of the local AWS that it works on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.target.state_folder import STATE_ROOT

if TYPE_CHECKING:
    from tests.cli.commands.local.conftest import Lifecycle


@pytest.mark.parametrize(
    "words",
    [
        ("env",),
        ("env", "--sam"),
        ("invoke", "CheckRuntimeFunction"),
        ("status",),
        ("down",),
        ("logs", "CheckRuntimeFunction"),
        ("calls",),
        ("delays",),
        ("faults", "add", "s3", "*", "throttle"),
        ("faults", "list"),
        ("faults", "clear"),
    ],
)
def test_every_command_finds_the_one_of_a_state_folder(
    nothing_up: list[Path],
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    status = 1 if words == ("status",) else 2
    assert lifecycle(*words, "--state-dir", "my state") == status
    hint = "no local AWS is running in my state: start one with `lifecycle local up --state-dir"
    assert f"{hint} 'my state'`" in capsys.readouterr().err
    assert lifecycle(*words) == status
    assert nothing_up == [Path("my state"), STATE_ROOT]

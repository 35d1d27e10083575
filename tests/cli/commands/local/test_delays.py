"""`lifecycle local delays`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.commands.local.conftest import Lifecycle


@pytest.mark.usefixtures("api")
def test_delays_are_shown_and_changed(
    lifecycle: Lifecycle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lifecycle("delays", "create=0.5") == 0
    assert capsys.readouterr().out == "create=0.5\n"
    assert lifecycle("delays") == 0
    assert capsys.readouterr().out == "create=0.5\n"


def test_a_delay_is_refused_in_the_words_of_its_own_command(
    lifecycle: Lifecycle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lifecycle("delays", "create") == 2
    assert capsys.readouterr().err.startswith("lifecycle: create: give a name and seconds")

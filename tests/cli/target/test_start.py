"""The start of a local AWS: what the user sees when it fails."""

from __future__ import annotations

import gc

import pytest

from cli.errors import StartError, UsageError
from cli.target.start import starting
from local.edge.server import PortError
from local.stack.errors import ParameterError
from tests.cli.target.fakes import quiet


@pytest.mark.usefixtures("module")
def test_a_parameter_that_the_template_refuses_is_bad_usage() -> None:
    with (
        pytest.raises(UsageError, match="--parameter: the template has no parameter X"),
        starting(quiet()),
    ):
        raise ParameterError("the template has no parameter X")


@pytest.mark.usefixtures("module")
def test_garbage_is_collected_again_after_a_start_however_it_ended() -> None:
    with starting(quiet()):
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(StartError), starting(quiet()):
        raise OSError("the port is taken")
    assert gc.isenabled()


@pytest.mark.usefixtures("module")
def test_a_start_that_cannot_be_says_why() -> None:
    with (
        pytest.raises(StartError, match="cannot start: the port is taken"),
        starting(quiet()),
    ):
        raise OSError("the port is taken")


@pytest.mark.usefixtures("module")
def test_a_port_that_is_taken_says_what_to_choose() -> None:
    with (
        pytest.raises(
            StartError, match=r"^port 1 .*: select another with --port; 0 selects a free one$"
        ),
        starting(quiet()),
    ):
        raise PortError("port 1 of 127.0.0.1 is in use")

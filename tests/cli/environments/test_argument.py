"""Completion of environments: what the words before name, and silence when it cannot be read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cli.environments import table as tables
from cli.environments.argument import environments_that_begin_with
from cli.errors import NotUpError
from cli.target import deployed as places
from cli.target.denied import DeniedError


class Scan:
    """A DynamoDB client whose table has these environments, or that raises."""

    def __init__(self, found: list[str] | Exception) -> None:
        self.found = found
        self.asked: dict[str, Any] = {}

    def get_paginator(self, _name: str) -> Scan:
        return self

    def paginate(self, **arguments: Any) -> Any:
        self.asked = arguments
        if isinstance(self.found, Exception):
            raise self.found
        return [{"Items": [{"environment": {"S": name}} for name in self.found]}]


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What is completed from; `chosen.given` is how the stack was looked for, `chosen.scan` the table."""
    state = SimpleNamespace(given=None, scan=Scan(["shop-b", "dev", "shop-a"]), config=None)

    def client(_service: str, config: Any) -> Any:
        state.config = config
        return state.scan

    def deployed(stack: str | None, **options: Any) -> Any:
        state.given = (stack, options)
        return SimpleNamespace(client=client, output=lambda _name: "environments")

    monkeypatch.setattr(places, "deployed", deployed)
    return state


def complete(incomplete: str, **given: Any) -> list[str]:
    context: Any = SimpleNamespace(params=given)
    return environments_that_begin_with(context, incomplete)


def test_names_begin_as_typed_and_are_of_the_stack_before(chosen: SimpleNamespace) -> None:
    assert complete("shop", stack="mine") == ["shop-a", "shop-b"]
    assert chosen.given == ("mine", {"local": False, "state_dir": None})
    assert complete("", local=True, state_dir="d") == ["dev", "shop-a", "shop-b"]
    assert chosen.given == (None, {"local": True, "state_dir": Path("d")})


def test_it_is_quick(chosen: SimpleNamespace) -> None:
    complete("")
    config = chosen.config
    assert (config.connect_timeout, config.read_timeout) == (1, 2)
    assert config.retries == {"total_max_attempts": 1}
    assert chosen.scan.asked["ProjectionExpression"] == "#environment"


@pytest.mark.parametrize(
    "error",
    [
        NotUpError("none runs"),
        DeniedError("no"),
        ClientError({"Error": {"Code": "X", "Message": "no"}}, "Scan"),
        EndpointConnectionError(endpoint_url="https://nowhere"),
        OSError("no"),
    ],
)
def test_a_failure_is_silent(
    chosen: SimpleNamespace, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    chosen.scan = Scan(error)
    assert complete("") == []
    assert capsys.readouterr() == ("", "")


def test_at_most_200_names_are_offered(chosen: SimpleNamespace) -> None:
    chosen.scan = Scan([f"e{number}" for number in range(300)])
    assert len(complete("")) == 200
    assert tables.TABLE_OUTPUT == "EnvironmentsTableName"

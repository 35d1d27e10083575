"""An environment is found by its name; a wrong name is answered with those that there are."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pytest

from cli.environments.record import read_record
from cli.errors import UsageError
from cli.target.denied import DeniedError


def place(names: Collection[str], *, scans: bool = True) -> Any:
    """A stack with these environments, whose table can be read as a whole if `scans`."""
    items = {name: {"environment": {"S": name}, "state": {"S": "READY"}} for name in names}

    def get_item(Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        name = Key["environment"]["S"]
        return {"Item": items[name]} if name in items else {}

    def paginate(**asked: Any) -> list[dict[str, Any]]:
        if not scans:
            raise DeniedError("AWS denies dynamodb:Scan")
        # The table also has items that are no environment's, which DynamoDB leaves out.
        assert asked["FilterExpression"] == "attribute_exists(#state)"
        assert asked["ExpressionAttributeNames"]["#state"] == "state"
        return [{"Items": []}, {"Items": list(items.values())}]

    dynamodb = SimpleNamespace(
        get_item=get_item, get_paginator=lambda _name: SimpleNamespace(paginate=paginate)
    )
    return SimpleNamespace(
        label="stack s", client=lambda *_arguments: dynamodb, output=lambda _name: "table"
    )


def test_a_record_is_found() -> None:
    assert read_record(place(["dev"]), "dev").state == "READY"


@pytest.mark.parametrize(
    ("names", "asked", "said"),
    [
        ((), "dev", "there is no environment dev in stack s; environments: none yet"),
        (("b", "a"), "c", "there is no environment c in stack s; environments: a, b"),
        (
            [f"e{n:02}" for n in range(12)],
            "dev",
            "there is no environment dev in stack s; environments: e00, e01, e02, e03, e04, e05, e06, e07, e08, e09 "
            "and 2 more",
        ),
        # The key of an item that is no environment's.
        (("a",), "_stack", "there is no environment _stack in stack s; environments: a"),
    ],
)
def test_a_wrong_name_is_answered_with_those_there_are(
    names: Collection[str], asked: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_record(place(names), asked)
    assert str(caught.value) == said


def test_who_may_not_scan_still_learns_that_there_is_none() -> None:
    with pytest.raises(UsageError) as caught:
        read_record(place(["dev"], scans=False), "other")
    assert str(caught.value) == "there is no environment other in stack s"

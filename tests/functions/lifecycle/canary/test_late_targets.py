"""The list of targets lags (the reading `target-list=late`): the canary's target is not left behind."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from lifecycle.canary.clear import clear_canary
from tests.functions.lifecycle.canary.splitting import CANARY, NEW, Splitting


@pytest.fixture
def late(splitting: Splitting) -> Splitting:
    splitting.world.store.readings.change({"target-list": "late"})
    return splitting


def there(late: Splitting) -> list[str]:
    """The names of the targets that there are, whatever the list shows."""
    with late.prompt("target-list"):
        return late.targets()


def lose_the_answer(late: Splitting) -> None:
    """End the shift before it has AgentCore's answer to the create of the target."""
    with late.killed_before_the_answer("CreateGatewayTarget"):
        late.shift()
    assert there(late) == ["canary", "live"]
    assert late.note().target_id is None


def clear(late: Splitting) -> None:
    """Clear the canary, a second a look; there can be no more than its looks and the delete take."""
    for _ in range(20):
        if late.world.run(clear_canary).done:
            return
        late.world.pass_(1)
    raise AssertionError("it never ended")


def test_a_target_whose_answer_was_lost_is_removed(late: Splitting) -> None:
    lose_the_answer(late)
    clear(late)
    assert there(late) == ["live"]
    assert late.world.record().canary is None


def test_the_next_canary_does_not_forget_it(late: Splitting) -> None:
    lose_the_answer(late)
    late.world.records.release("dev", late.world.execution)
    late.world.begin("three", CANARY | NEW)
    clear(late)
    assert there(late) == ["live"]


def test_the_create_is_repeated_as_it_was(late: Splitting) -> None:
    lose_the_answer(late)
    late.world.killer.start()
    late.shift()
    assert late.world.killer.calls.count("CreateGatewayTarget") == 1
    assert there(late) == ["canary", "live"]
    assert late.note().target_looks is None
    clear(late)
    assert there(late) == ["live"]


def test_a_create_that_was_refused_holds_nothing_up_for_long(late: Splitting) -> None:
    with late.front.refused("CreateGatewayTarget", "no"), pytest.raises(ClientError, match="no"):
        late.shift()
    assert late.note().target_looks == 0
    clear(late)
    assert there(late) == ["live"]

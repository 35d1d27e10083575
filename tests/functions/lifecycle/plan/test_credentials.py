"""The plan of credentials: what would be made, repaired and removed; nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.outbound.credentials import credentials_answers, plan_credentials
from lifecycle.plan.output import PlannedCredentials
from lifecycle.plan.provision import PlanSettings
from lifecycle.plan.reading import ReadingClients, only_reading
from tests.functions.lifecycle.credentials.outbound import Outbound
from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def outbound(runtime_world: World) -> Outbound:
    """An account with the stack in it, and the owners' secrets."""
    return Outbound(runtime_world)


def planned(outbound: Outbound, *credentials: dict[str, Any]) -> PlannedCredentials | None:
    world = outbound.world
    world.begin("plan", {"credentials": list(credentials)})
    reading = ReadingClients(world.clients, credentials_answers())
    with only_reading():
        records = DraftRecords(reading.dynamodb, "environments", "dev")
        found = plan_credentials(world.event(), reading, records, PlanSettings.load())
    world.records.release("dev", world.execution)
    return found


def test_what_would_be_made_repaired_and_removed(outbound: Outbound) -> None:
    assert planned(outbound) is None
    made = planned(outbound, outbound.key(), outbound.oauth2())
    assert made is not None
    assert (made.change, len(made.providers)) == ("create", 2)
    assert (outbound.providers(), outbound.roles()) == ([], [])
    outbound.provision("one", outbound.key(), outbound.oauth2())
    same = planned(outbound, outbound.key(), outbound.oauth2())
    assert same is not None
    assert (same.change, same.repaired, same.removes) == ("unchanged", [], [])
    orders = outbound.provider("orders")
    outbound.control.delete_oauth2_credential_provider(name=orders)
    drifted = planned(outbound, outbound.key(), outbound.oauth2())
    assert drifted is not None
    assert drifted.repaired == [f"the credential provider {orders} was deleted"]
    fewer = planned(outbound, outbound.key())
    assert fewer is not None
    assert fewer.removes == [f"credential provider {orders}"]
    none = planned(outbound)
    assert none is not None
    assert (none.change, len(none.removes)) == ("remove", 3)
    assert outbound.providers() == [outbound.provider("weather")]


def test_a_provider_that_has_failed_would_be_repaired(outbound: Outbound) -> None:
    outbound.provision("one", outbound.oauth2())

    def failed(told: dict[str, Any]) -> None:
        told.update(status="UPDATE_FAILED", failureReason="no such host")

    with outbound.told("GetOauth2CredentialProvider", failed):
        found = planned(outbound, outbound.oauth2())
    assert found is not None
    assert found.change == "update"

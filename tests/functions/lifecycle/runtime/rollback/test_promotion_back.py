"""Promote in a rollback: `live` moves to what passed on `candidate`, the history notes it, and the candidate goes."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import SmokeTestError
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback.restore import restore_version
from lifecycle.runtime.teardown import delete_runtime
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.runtime.rollback.test_restore import serves, to_go_back


def proved(world: Any, version: str | None = None) -> None:
    """The version to go back to passed on the candidate."""
    to_go_back(world, version)
    world.loop(restore_version)
    world.prove()


def test_every_promotion_is_noted_with_what_made_it(world: Any) -> None:
    for number in ("1", "2"):
        world.provision(number, {"runtime": {"description": number}})
    first, second = world.record().promotions
    assert (first.version, first.execution) == ("1", "execution:1")
    assert first.runtime_id == world.only_runtime().id
    noted = world.promotions.read("dev", second)
    assert noted.request["runtime"]["description"] == "2"
    assert (noted.request["action"], noted.request["version"]) == ("provision", None)
    assert noted.identity["clientId"] == "client1"
    assert noted.artifact["imageDigest"].startswith("sha256:")


def test_a_promotion_with_nothing_new_is_not_noted_again(world: Any) -> None:
    world.provision("one")
    (noted,) = world.record().promotions
    world.killer.start()
    world.provision("two", {"wait": {"timeoutSeconds": 60}})
    assert world.record().promotions == [noted]


def test_a_live_version_that_is_asked_for_otherwise_is_noted_as_it_is_asked_for(world: Any) -> None:
    world.provision("one")
    world.provision("two", {"smokeTest": {"expect": "sun"}})
    (noted,) = world.record().promotions
    assert noted.version == "1"
    assert world.promotions.read("dev", noted).request["smokeTest"]["expect"] == "sun"


def test_a_version_that_was_live_before_promotions_were_noted_is_noted(world: Any) -> None:
    world.provision("one")
    world.begin("upgrade")
    world.records.release("dev", world.execution, promotions=None)
    assert world.history() == []
    world.provision("two")
    assert world.history() == ["1"]


def test_the_last_ten_are_kept(world: Any) -> None:
    for number in range(1, 14):
        world.provision(str(number), {"runtime": {"description": str(number)}})
    assert world.history() == [str(number) for number in range(4, 14)]
    for one in world.record().promotions:
        noted = world.promotions.read("dev", one)
        assert noted.request["runtime"]["description"] == one.version
    keys = world.clients.dynamodb.scan(TableName="environments")["Items"]
    assert len([item for item in keys if "#" in item["environment"]["S"]]) == 11


def test_live_moves_back_and_the_candidate_goes(world: Any) -> None:
    proved(world)
    last = world.loop(promote_version)
    assert (last.promotion.version, last.promotion.previous_version) == ("2", "3")
    assert (last.runtime.endpoint, last.runtime.version) == ("live", "2")
    assert serves(world) == {"DEFAULT": "3", "live": "2"}
    record = world.record()
    assert (record.runtime.live_version, record.runtime.candidate) == ("2", None)
    assert record.runtime.promotion.begun is False
    assert world.history() == ["1", "2", "3", "2"]
    assert record.open_calls == []


def test_what_is_provisioned_again_after_it_is_what_live_serves(world: Any) -> None:
    proved(world)
    world.loop(promote_version)
    request = world.record().request
    assert (request["action"], request["runtime"]["description"]) == ("provision", "2")
    noted = world.promotions.read("dev", world.record().promotions[-1])
    assert noted.request == request


def test_what_the_smoke_test_was_asked_for_once_is_not_kept(world: Any) -> None:
    to_go_back(world)
    lax = world.request.smoke_test.model_copy(update={"expect": "."})
    world.request = world.request.model_copy(update={"smoke_test": lax})
    world.loop(restore_version)
    world.prove()
    world.loop(promote_version)
    record = world.record()
    usual = world.promotions.read("dev", record.promotions[0]).request["smokeTest"]
    assert record.request["smokeTest"] == record.proven_request["smokeTest"] == usual
    assert usual["expect"] != "."


def test_the_record_is_whole_before_the_candidate_goes(world: Any) -> None:
    proved(world)
    world.promote()
    world.pass_(10)
    assert not world.promote().done
    record = world.record()
    assert record.runtime.live_version == "2"
    assert (record.request, record.proven_request) == (record.proven_request, record.request)
    assert record.proven_request["runtime"]["description"] == "2"
    assert world.history() == ["1", "2", "3", "2"]


def test_callers_sign_in_as_they_did_then_with_the_secrets_of_today(world: Any) -> None:
    world.provision("1", {"runtime": {"description": "1"}})
    then = world.record().identity
    world.begin("2", {"runtime": {"description": "2"}})
    now = IdentityRecord(
        type="cognito",
        flow="clientCredentials",
        client_id="machine",
        discovery_url=then.discovery_url,
        secret_arns={"clientCredentials": "arn:machine"},
    )
    world.records.update("dev", world.execution, identity=now)
    world.provision("2", {"runtime": {"description": "2"}})
    world.begin_rollback("back")
    world.loop(restore_version)
    world.prove()
    world.loop(promote_version)
    live = world.record().runtime.live_identity
    assert (live.client_id, live.flow) == (then.client_id, "password")
    assert live.secret_arns == {"clientCredentials": "arn:machine"}
    assert world.record().identity == now


def test_what_did_not_pass_on_the_candidate_does_not_go_live(world: Any) -> None:
    to_go_back(world)
    world.loop(restore_version)
    with pytest.raises(SmokeTestError, match="version 2 on the endpoint candidate"):
        world.promote()
    assert serves(world)["live"] == "3"


def test_a_candidate_that_was_moved_since_does_not_go_live(world: Any) -> None:
    proved(world)
    world.control.update_agent_runtime_endpoint(
        agentRuntimeId=world.only_runtime().id, endpointName="candidate", agentRuntimeVersion="1"
    )
    world.pass_(10)
    with pytest.raises(SmokeTestError, match="version 1 on the endpoint candidate"):
        world.promote()
    assert serves(world)["live"] == "3"


def test_a_candidate_that_was_deleted_since_does_not_go_live(world: Any) -> None:
    proved(world)
    world.control.delete_agent_runtime_endpoint(
        agentRuntimeId=world.only_runtime().id, endpointName="candidate"
    )
    world.pass_(10)
    with pytest.raises(SmokeTestError, match="finds no endpoint candidate"):
        world.promote()
    assert serves(world)["live"] == "3"


def test_the_next_provision_removes_the_candidate_of_a_rollback_that_failed(world: Any) -> None:
    to_go_back(world)
    world.loop(restore_version)
    world.provision("4", {"runtime": {"description": "4"}})
    assert serves(world) == {"DEFAULT": "4", "live": "4"}
    assert world.record().runtime.candidate is None
    assert world.history() == ["1", "2", "3", "4"]


def test_a_candidate_that_does_not_go_holds_nothing_up(world: Any) -> None:
    proved(world)
    world.loop(promote_version)
    world.begin_rollback("again")
    world.loop(restore_version)
    world.prove()
    world.promote()
    world.pass_(10)
    world.fail("DeleteAgentRuntimeEndpoint")
    assert world.promote(deadline=1).done
    assert world.record().runtime.live_version == "3"


def test_what_is_gone_is_made_anew_from_the_artifact_of_then(world: Any) -> None:
    to_go_back(world, "1")
    world.delete_version("1")
    # The bundled agent has changed since.
    (world.agent / "main.py").write_text("print('newer')\n", encoding="utf-8")
    assert world.loop(restore_version).gone
    published = world.publish()
    assert (published.done, published.artifact.built) == (True, False)
    assert (
        published.artifact.source_hash
        == world.promotions.of_version("dev", world.record().promotions, "1").artifact["sourceHash"]
    )
    world.deploy()
    world.loop(check_runtime)
    world.prove()
    last = world.loop(promote_version)
    assert (last.promotion.version, last.promotion.previous_version) == ("4", "3")
    assert serves(world) == {"DEFAULT": "4", "live": "4"}
    assert world.detail()["description"] == "1"
    assert world.history() == ["1", "2", "3", "4"]


def test_an_artifact_that_is_gone_too_is_built_again(world: Any) -> None:
    to_go_back(world, "1")
    world.delete_version("1")
    tags = [{"imageTag": tag} for tag in world.images()]
    world.clients.ecr.batch_delete_image(repositoryName="agents", imageIds=tags)
    assert world.loop(restore_version).gone
    assert not world.publish().done
    world.finish_build()
    assert world.publish().done


def test_a_runtime_that_is_gone_begins_another_history(world: Any) -> None:
    to_go_back(world)
    world.store.runtimes.clear()
    assert world.loop(restore_version).gone
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    world.prove()
    assert world.loop(promote_version).promotion.version == "1"
    (noted,) = world.record().promotions
    assert noted.runtime_id == world.only_runtime().id


def test_the_logs_of_the_candidate_are_kept_as_long_as_the_others(world: Any) -> None:
    proved(world)
    group = f"/aws/bedrock-agentcore/runtimes/{world.only_runtime().id}-candidate"
    world.clients.logs.create_log_group(logGroupName=group)  # AgentCore makes it for the first line
    world.loop(promote_version)
    found = world.clients.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [each.get("retentionInDays") for each in found] == [30]


def test_a_teardown_removes_the_candidate_of_a_rollback_that_failed(world: Any) -> None:
    to_go_back(world)
    world.loop(restore_version)
    world.begin("teardown", {"action": "teardown"})
    removed = world.loop(delete_runtime).removed
    assert any(what.startswith("endpoint candidate of ") for what in removed)
    assert world.store.runtimes == {}
    world.delete_artifact()
    assert world.records.delete("dev", world.execution)
    assert world.clients.dynamodb.scan(TableName="environments")["Items"] == []


def test_a_promotion_says_what_it_was_by(world: Any) -> None:
    proved(world)
    world.loop(promote_version)
    assert [one.by for one in world.record().promotions] == ["provision"] * 3 + ["rollback"]
    world.begin_rollback("itself", "1")
    world.loop(restore_version)
    world.prove()
    event = world.event().model_copy(update={"automatic": True})
    for _ in range(20):
        if promote_version(event, clients=world.clients).done:
            break
        world.pass_(2)
    newest = world.record().promotions[-1]
    assert (newest.version, newest.by) == ("1", "autoRollback")
    assert newest.execution == "execution:itself"

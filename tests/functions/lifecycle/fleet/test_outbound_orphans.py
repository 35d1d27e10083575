"""Credential providers and roles without a record are found by their tags; those that a record knows are no orphans."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lifecycle import names
from lifecycle.doors.mcp import McpRecord
from lifecycle.doors.section import GatewayRecord
from lifecycle.sections.credentials import CredentialsRecord, ProviderRecord, RoleRecord
from tests.functions.lifecycle.fleet.environments import environment, items, select
from tests.functions.lifecycle.rights import only_with_the_rights_of


def provider(world: Any, name: str, stack: str = "stack") -> tuple[str, str]:
    """Name and ARN of an environment's credential provider."""
    called = names.provider_name(stack, name, "weather", [])
    made = world.control.create_api_key_credential_provider(
        name=called, apiKey="k", tags=names.tags(stack, name)
    )
    return called, str(made["credentialProviderArn"])


def role(world: Any, name: str, purpose: str = "agent", stack: str = "stack") -> str:
    made = world.clients.iam.create_role(
        RoleName=names.role_name(stack, name, purpose),
        Path=names.role_path(stack),
        AssumeRolePolicyDocument="{}",
        Tags=[{"Key": key, "Value": value} for key, value in names.tags(stack, name).items()],
    )
    return str(made["Role"]["Arn"])


def test_what_no_record_knows_is_found_and_torn_down_when_told_to(world: Any) -> None:
    _, lost = provider(world, "lost")
    roles = [role(world, "lost"), role(world, "other", "gateway")]
    provider(world, "theirs", stack="stack-2")
    role(world, "theirs", stack="stack-2")
    with only_with_the_rights_of("SelectEnvironmentsFunction", world):
        found = select(world, action="sweep")
    said = {(orphan.arn, orphan.environment, orphan.removable) for orphan in found.orphans}
    assert said == {(lost, "lost", True), (roles[0], "lost", True), (roles[1], "other", True)}
    selection = select(world, action="sweep", removeOrphans=True)
    assert [item.input for item in items(world, selection)] == [
        {"action": "teardown", "environment": name} for name in ("lost", "other")
    ]


def test_what_a_record_knows_is_no_orphan(world: Any) -> None:
    name, arn = provider(world, "dev")
    agent, gateway = role(world, "dev"), role(world, "dev", "gateway")
    one = ProviderRecord(type="apiKey", name=name, arn=arn, secret_arn="s", json_key="k")
    section = CredentialsRecord(
        providers={"weather": one}, role=RoleRecord(name=agent.rpartition("/")[2], arn=agent)
    )
    mcp = McpRecord(asked={}, role=gateway.rpartition("/")[2])
    environment(world, "dev", credentials=section, gateway=GatewayRecord(name="stack-dev", mcp=mcp))
    assert select(world, action="sweep").orphans == []
    world.records.acquire("dev", "execution:two", lambda _: False, {})
    world.records.update("dev", "execution:two", credentials=None, gateway=None)
    world.records.release("dev", "execution:two")
    found = select(world, action="sweep").orphans
    assert {orphan.arn for orphan in found} == {arn, agent, gateway}
    assert not any(orphan.removable for orphan in found)


@contextmanager
def tagging_lists(world: Any, arns: dict[str, str]) -> Iterator[None]:
    """The tagging API lists resources of AgentCore, too: environments by ARN."""

    def tell(parsed: dict[str, Any], **_: Any) -> None:
        for arn, name in arns.items():
            tags = [{"Key": key, "Value": text} for key, text in names.tags("stack", name).items()]
            parsed["ResourceTagMappingList"].append({"ResourceARN": arn, "Tags": tags})

    event = "after-call.resource-groups-tagging-api.GetResources"
    world.clients.tagging.meta.events.register(event, tell)
    try:
        yield
    finally:
        world.clients.tagging.meta.events.unregister(event, tell)


def test_a_provider_whose_arn_is_written_in_two_ways_is_one_and_known(world: Any) -> None:
    """The service model and AWS's documents differ (reading `provider-arn`); nobody says what the tagging API does."""
    world.store.readings.change({"provider-arn": "acps"})
    name, arn = provider(world, "dev")
    _, lost = provider(world, "lost")
    assert ":acps:" in arn
    others = {arn: "dev", lost: "lost"}
    others = {one.replace(":acps:", ":bedrock-agentcore:"): of for one, of in others.items()}
    known = ProviderRecord(type="apiKey", name=name, arn=arn, secret_arn="s", json_key="k")
    environment(world, "dev", credentials=CredentialsRecord(providers={"weather": known}))
    with tagging_lists(world, others):
        found = select(world, action="sweep").orphans
    assert [orphan.environment for orphan in found] == ["lost"]


def test_a_role_that_goes_while_the_sweep_looks_is_none(world: Any) -> None:
    role(world, "lost")
    iam = world.clients.iam

    def gone(**_: Any) -> None:
        iam.meta.events.unregister("before-call.iam.GetRole", gone)
        world.clients.of_agentcore("iam").delete_role(RoleName="agentcore-stack-lost-agent")

    iam.meta.events.register("before-call.iam.GetRole", gone)
    assert select(world, action="sweep").orphans == []

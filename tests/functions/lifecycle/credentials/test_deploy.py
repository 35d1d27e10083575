"""Deploy the credentials: made once whatever happens, repaired by name, and kept as long as `live` needs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle import names
from lifecycle.errors import CredentialsError, ServiceUnavailableError
from tests.functions.lifecycle.credentials.outbound import Outbound
from tests.functions.lifecycle.killer import Killed

OTHER_URL = "https://other.example.com/.well-known/openid-configuration"


def test_providers_and_a_role_are_made_and_listed(outbound: Outbound) -> None:
    result = outbound.deploy(outbound.key(), outbound.oauth2())
    assert result.credentials is not None
    assert result.credentials.change == "created"
    assert [one.name for one in result.credentials.providers] == ["weather", "orders"]
    made = sorted(one.provider for one in result.credentials.providers)
    assert outbound.providers() == made
    assert all(name.startswith("stack--dev--") for name in made)
    key = outbound.control.get_api_key_credential_provider(name=outbound.provider("weather"))
    assert key["apiKeySecretSource"] == "EXTERNAL"
    assert key["apiKeySecretArn"]["secretArn"] == outbound.secrets["key"]
    assert key["apiKeySecretJsonKey"] == "apiKey"
    tags = outbound.control.list_tags_for_resource(resourceArn=key["credentialProviderArn"])
    assert tags["tags"]["agentcore-lifecycle:environment"] == "dev"
    section = outbound.world.record().credentials
    assert section is not None
    assert section.role is not None
    assert section.role.arn == result.credentials.role_arn
    assert outbound.again().credentials == result.credentials


def test_the_role_may_use_its_own_providers_and_secrets_and_no_others(outbound: Outbound) -> None:
    outbound.deploy(outbound.key(), outbound.oauth2())
    here = "arn:aws:bedrock-agentcore:us-west-2:123456789012"
    vault, directory = f"{here}:token-vault/default", f"{here}:workload-identity-directory/default"
    identity = f"{directory}/workload-identity/stack_dev-*"
    tokens, keys, oauth2, secrets = outbound.policy()
    assert tokens["Resource"] == [directory, identity]
    assert (keys["Action"], keys["Resource"]) == (
        ["bedrock-agentcore:GetResourceApiKey"],
        [
            vault,
            f"{vault}/apikeycredentialprovider/{outbound.provider('weather')}",
            directory,
            identity,
        ],
    )
    assert oauth2["Resource"][1] == (
        f"{vault}/oauth2credentialprovider/{outbound.provider('orders')}"
    )
    assert secrets["Resource"] == sorted([outbound.secrets["key"], outbound.secrets["client"]])


def test_a_call_that_ends_anywhere_leaves_what_the_next_one_finishes(outbound: Outbound) -> None:
    killer, count = outbound.world.killer, 0
    while True:
        count += 1
        outbound.world.begin("one", {"credentials": [outbound.key(), outbound.oauth2()]})
        killer.start(count)
        try:
            result = outbound.again()
        except Killed:
            killer.start()
            continue
        break
    killer.start()
    assert count > 10
    assert result.repaired == []
    assert len(outbound.providers()) == 2
    assert len(outbound.roles()) == 1


def _other_secret(outbound: Outbound) -> None:
    outbound.control.update_api_key_credential_provider(
        name=outbound.provider("weather"),
        apiKeySecretSource="EXTERNAL",
        apiKeySecretConfig={"secretId": outbound.secrets["other-key"], "jsonKey": "apiKey"},
    )


def _managed_secret(outbound: Outbound) -> None:
    outbound.control.update_api_key_credential_provider(
        name=outbound.provider("weather"), apiKey="mine"
    )


def _other_url(outbound: Outbound) -> None:
    config = {
        "oauthDiscovery": {"discoveryUrl": OTHER_URL},
        "clientId": "agent",
        "clientSecretSource": "EXTERNAL",
        "clientSecretConfig": {
            "secretId": outbound.secrets["client"],
            "jsonKey": "clientSecret",
        },
    }
    outbound.control.update_oauth2_credential_provider(
        name=outbound.provider("orders"),
        credentialProviderVendor="CustomOauth2",
        oauth2ProviderConfigInput={"customOauth2ProviderConfig": config},
    )


def _deleted(outbound: Outbound) -> None:
    outbound.control.delete_oauth2_credential_provider(name=outbound.provider("orders"))


def _untagged(outbound: Outbound) -> None:
    section = outbound.world.record().credentials
    assert section is not None
    arn = str(section.providers["weather"].arn)
    outbound.control.untag_resource(resourceArn=arn, tagKeys=["team"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_other_secret, "the credential provider {weather} uses another secret"),
        (_managed_secret, "the credential provider {weather} uses another secret"),
        (_other_url, f"the credential provider {{orders}} has the discovery URL {OTHER_URL}"),
        (_deleted, "the credential provider {orders} was deleted"),
        (_untagged, "tags of the credential provider {weather} were changed: team"),
    ],
)
def test_drift_is_repaired_and_named(
    outbound: Outbound, change: Callable[[Outbound], object], said: str
) -> None:
    request = {"credentials": [outbound.key(), outbound.oauth2()], "tags": {"team": "a"}}
    outbound.world.begin("one", request)
    outbound.again()
    names = {name: outbound.provider(name) for name in ("weather", "orders")}
    change(outbound)
    outbound.world.records.release("dev", outbound.world.execution)
    outbound.world.begin("two", request)
    found = outbound.again()
    assert found.repaired == [said.format(**names)]
    assert outbound.providers() == sorted(names.values())
    outbound.world.records.release("dev", outbound.world.execution)
    outbound.world.begin("three", request)
    assert outbound.again().repaired == []


def test_a_role_that_was_deleted_is_made_again_and_named(outbound: Outbound) -> None:
    outbound.deploy(outbound.key())
    (name,) = outbound.roles()
    outbound.iam.delete_role_policy(RoleName=name, PolicyName="environment")
    outbound.iam.detach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::123456789012:policy/agent"
    )
    outbound.iam.delete_role(RoleName=name)
    assert outbound.again().repaired == [f"the role {name} was deleted"]
    assert outbound.roles() == [name]


def test_somebody_elses_provider_is_left_alone(outbound: Outbound) -> None:
    outbound.deploy(outbound.key())
    name = outbound.provider("weather")
    found = outbound.control.get_api_key_credential_provider(name=name)
    outbound.control.untag_resource(
        resourceArn=found["credentialProviderArn"],
        tagKeys=["agentcore-lifecycle:stack", "agentcore-lifecycle:environment"],
    )
    with pytest.raises(CredentialsError, match="its tags do not say"):
        outbound.again()
    outbound.delete()
    assert outbound.providers() == [name]


def test_what_live_uses_stays_until_another_version_is_promoted(outbound: Outbound) -> None:
    outbound.provision("one", outbound.key())
    first = outbound.provider("weather")
    outbound.world.begin("two", {"credentials": [outbound.key(owned="other-key")]})
    outbound.again()
    second = outbound.provider("weather")
    assert outbound.providers() == sorted([first, second])
    assert len(outbound.policy()[1]["Resource"]) == 5
    result = outbound.again(promoted=True)
    assert outbound.providers() == [second]
    assert result.credentials is not None
    assert result.credentials.change == "created"
    assert result.repaired == []
    assert outbound.policy()[-1]["Resource"] == [outbound.secrets["other-key"]]


def test_a_version_that_was_promoted_by_an_execution_that_did_not_end_keeps_its_providers(
    outbound: Outbound,
) -> None:
    """What the record calls proven is written at the very end: `live` is what was promoted."""
    outbound.provision("one", outbound.key())
    first = outbound.provider("weather")
    outbound.deploy(outbound.key(owned="other-key"), execution="two")
    second = outbound.provider("weather")
    outbound.world.provision("two", {"credentials": [outbound.key(owned="other-key")]})
    assert outbound.world.record().proven_request != outbound.world.request.to_json()
    outbound.deploy(outbound.key(owned="other-key", jsonKey="third"), execution="three")
    assert outbound.providers() == sorted([second, outbound.provider("weather")])
    assert first not in outbound.providers()


def test_nothing_is_removed_while_nobody_knows_what_live_uses(outbound: Outbound) -> None:
    outbound.provision("one", outbound.key())
    first = outbound.provider("weather")
    outbound.world.promotions.delete("dev")
    outbound.deploy(outbound.key(owned="other-key"), execution="two")
    assert outbound.providers() == sorted([first, outbound.provider("weather")])


def test_a_try_that_failed_leaves_nothing_to_the_next_one(outbound: Outbound) -> None:
    outbound.provision("one", outbound.key())
    first = outbound.provider("weather")
    outbound.deploy(outbound.key(jsonKey="wrong"), execution="two")
    outbound.world.records.release("dev", outbound.world.execution)
    outbound.deploy(outbound.key(jsonKey="right"), execution="three")
    assert outbound.providers() == sorted([first, outbound.provider("weather")])


def test_credentials_that_are_left_out_go_with_the_promotion_and_the_role_with_the_last(
    outbound: Outbound,
) -> None:
    outbound.provision("one", outbound.key(), outbound.oauth2())
    result = outbound.provision("two", outbound.key())
    assert result.credentials is not None
    assert outbound.providers() == [outbound.provider("weather")]
    outbound.world.begin("three", {})
    assert outbound.again().credentials is not None
    assert outbound.providers() != []
    assert outbound.again(promoted=True).credentials is None
    assert (outbound.providers(), outbound.roles()) == ([], [])
    assert outbound.world.record().credentials is None


def test_the_agent_runs_with_its_own_role_and_finds_its_providers(outbound: Outbound) -> None:
    outbound.provision("one", outbound.key(), outbound.oauth2())
    seen = outbound.world.detail()
    section = outbound.world.record().credentials
    assert section is not None
    assert section.role is not None
    assert seen["roleArn"] == section.role.arn
    variables = seen["environmentVariables"]
    assert variables["CREDENTIAL_PROVIDER_WEATHER"] == outbound.provider("weather")
    assert variables["CREDENTIAL_PROVIDER_ORDERS"] == outbound.provider("orders")
    assert variables["CREDENTIAL_SCOPES_ORDERS"] == "orders/read"
    outbound.provision("two")
    seen = outbound.world.detail()
    assert seen["roleArn"] == "arn:aws:iam::123456789012:role/agent"
    assert "CREDENTIAL_PROVIDER_WEATHER" not in seen["environmentVariables"]


def test_a_provider_that_takes_time_is_waited_for(outbound: Outbound) -> None:
    def tell(model: Any, parsed: dict[str, Any], **_: Any) -> None:
        if model.name.endswith("Oauth2CredentialProvider") and "status" in parsed:
            parsed["status"] = "CREATING"

    outbound.control.meta.events.register("after-call", tell)
    try:
        with pytest.raises(ServiceUnavailableError, match="is CREATING"):
            outbound.deploy(outbound.oauth2())
    finally:
        outbound.control.meta.events.unregister("after-call", tell)
    assert outbound.again().credentials is not None
    assert len(outbound.providers()) == 1


def test_a_teardown_leaves_nothing_but_the_owners_secrets(outbound: Outbound) -> None:
    outbound.provision("one", outbound.key(), outbound.oauth2())
    there = outbound.providers()
    (role,) = outbound.roles()
    said = [*(f"credential provider {name}" for name in there), f"role {role}"]
    dry = outbound.delete(dryRun=True)
    assert sorted(dry.would_remove) == sorted(said)
    assert outbound.providers() == there
    gone = outbound.delete()
    assert sorted(gone.removed) == sorted(said)
    assert [kept.resource for kept in gone.kept] == sorted(
        f"secret {outbound.secrets[name]}" for name in ("key", "client")
    )
    assert (outbound.providers(), outbound.roles()) == ([], [])
    assert outbound.world.record().credentials is None
    assert sorted(outbound.delete().removed) == sorted(said)


def test_a_teardown_without_a_record_finds_them_by_name_and_tags(outbound: Outbound) -> None:
    outbound.deploy(outbound.key())
    outbound.world.records.update("dev", outbound.world.execution, credentials=None)
    outbound.delete()
    assert (outbound.providers(), outbound.roles()) == ([], [])


def test_a_teardown_neither_removes_nor_names_those_of_an_environment_with_a_longer_name(
    outbound: Outbound,
) -> None:
    """`dev--x` and a credential `weather` is no credential `x--weather` of `dev`."""
    outbound.provision("one", outbound.key())
    name = names.provider_name("stack", "dev--x", "weather", [])
    outbound.control.create_api_key_credential_provider(
        name=name, apiKey="k", tags=names.tags("stack", "dev--x")
    )
    gone = outbound.delete()
    assert outbound.providers() == [name]
    assert name not in gone.model_dump_json()

"""The functions of the credentials do all that they do with the rights that the template gives them."""

from __future__ import annotations

import json

from lifecycle.credentials.rights import Place, agent_policy
from lifecycle.request.credentials.section import LONGEST_SECRET_ARN, MOST
from lifecycle.sections.credentials import ProviderRecord
from tests.functions.lifecycle.credentials.outbound import Outbound
from tests.functions.lifecycle.rights import only_with_the_rights_of


def test_deploying_retiring_and_deleting_need_no_other_rights(outbound: Outbound) -> None:
    request = {"credentials": [outbound.key(), outbound.oauth2()], "tags": {"team": "a"}}
    outbound.world.begin("one", request)
    with only_with_the_rights_of("DeployCredentialsFunction", outbound.world) as made:
        outbound.again()
        assert {"CreateRole", "AttachRolePolicy", "CreateOauth2CredentialProvider"} <= made
    name = outbound.roles()[0]
    outbound.iam.delete_role_permissions_boundary(RoleName=name)
    outbound.control.update_api_key_credential_provider(
        name=outbound.provider("weather"), apiKey="mine"
    )
    outbound.world.records.release("dev", outbound.world.execution)
    outbound.world.begin("two", {"credentials": [outbound.key()], "tags": {"team": "b"}})
    with only_with_the_rights_of("DeployCredentialsFunction", outbound.world) as made:
        assert len(outbound.again().repaired) == 2
        outbound.again(promoted=True)
        assert {"PutRolePermissionsBoundary", "DeleteOauth2CredentialProvider"} <= made
    with only_with_the_rights_of("DeleteCredentialsFunction", outbound.world) as made:
        outbound.delete()
        assert {"DeleteRole", "DeleteApiKeyCredentialProvider"} <= made


def test_the_longest_policy_of_an_agent_fits_into_its_role() -> None:
    """What a provision asks for, and what it may have replaced, in a Region with a long name."""
    providers = [
        ProviderRecord(
            type="oauth2",
            name=f"{index:x}".rjust(128, "n"),
            secret_arn=f"{index:x}".rjust(LONGEST_SECRET_ARN, "s"),
            json_key="k",
        )
        for index in range(2 * MOST)
    ]
    place = Place("aws-us-gov", "ap-southeast-1", "1" * 12)
    policy = agent_policy("s" * 40, "e" * 40, providers, place)
    # The limit is for all inline policies of a role together, without white space (IAM quotas).
    assert len(json.dumps(policy, separators=(",", ":"))) <= 10_240

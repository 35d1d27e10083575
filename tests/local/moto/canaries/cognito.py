"""Canaries for `local/moto/cognito.py` and `local/moto/tagging.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3

from tests.local.moto.canaries.machines import code_of


def user_of(**client_settings: Any) -> tuple[Any, dict[str, Any]]:
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="p", UserPoolTags={"a": "b"})["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="c", **client_settings)
    cognito.admin_create_user(UserPoolId=pool, Username="u")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="u", Password="Passw0rd!", Permanent=True
    )
    return cognito, {
        "UserPoolId": pool,
        "ClientId": client["UserPoolClient"]["ClientId"],
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "u", "PASSWORD": "Passw0rd!"},
    }


def token_life() -> bool:
    cognito, sign_in = user_of(
        AccessTokenValidity=5,
        TokenValidityUnits={"AccessToken": "minutes"},
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    )
    answer = cognito.admin_initiate_auth(**sign_in)["AuthenticationResult"]
    return bool(answer["ExpiresIn"] == 3600)


def sign_in_flows() -> bool:
    cognito, sign_in = user_of(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])
    return code_of(cognito.admin_initiate_auth, **sign_in) is None


def resource_server_updates() -> bool:
    cognito, sign_in = user_of()
    server = {"UserPoolId": sign_in["UserPoolId"], "Identifier": "i", "Name": "n"}
    cognito.create_resource_server(**server)
    try:
        cognito.update_resource_server(**server)
    except NotImplementedError:
        return True
    return False


def pool_tags() -> bool:
    cognito, sign_in = user_of()
    pool = cognito.describe_user_pool(UserPoolId=sign_in["UserPoolId"])["UserPool"]
    try:
        cognito.tag_resource(ResourceArn=pool["Arn"], Tags={"a": "b"})
    except NotImplementedError:
        return True
    return False


def tagged_pools() -> bool:
    user_of()
    found = boto3.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "a", "Values": ["b"]}]
    )
    return not found["ResourceTagMappingList"]


CANARIES: list[Callable[[], bool]] = [
    token_life,
    sign_in_flows,
    resource_server_updates,
    pool_tags,
    tagged_pools,
]

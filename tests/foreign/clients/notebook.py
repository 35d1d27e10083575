"""The cells of AWS's tutorial notebook "Inbound authentication", by the starter toolkit.

A program for the toolkit's own environment, with the agent's folder as its working directory. It
prints what each cell gave as one line of JSON, the last of its standard output.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import Any

import boto3
from bedrock_agentcore_starter_toolkit import Runtime

PROMPT = {"prompt": "今の天気はどうですか？"}


def set_up_cognito(region: str) -> dict[str, str]:
    """Make a pool, a client and a user; return the discovery URL, the client's id and a token."""
    cognito = boto3.client("cognito-idp", region_name=region)
    pool = cognito.create_user_pool(PoolName="notebook")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="notebook", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    user = {"UserPoolId": pool, "Username": "reader"}
    password = f"Aa1!{secrets.token_hex(8)}"
    cognito.admin_create_user(**user, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**user, Password=password, Permanent=True)
    signed_in = cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "reader", "PASSWORD": password},
    )
    issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool}"
    return {
        "discoveryUrl": f"{issuer}/.well-known/openid-configuration",
        "client": client,
        "token": signed_in["AuthenticationResult"]["AccessToken"],
    }


def run_cells(region: str) -> dict[str, Any]:
    """Run the cells one after the other; return what each gave."""
    caller = set_up_cognito(region)
    runtime = Runtime()
    runtime.configure(
        entrypoint="main.py",
        auto_create_execution_role=True,
        auto_create_ecr=True,
        requirements_file="requirements.txt",
        region=region,
        agent_name="notebook_agent",
        authorizer_configuration={
            "customJWTAuthorizer": {
                "discoveryUrl": caller["discoveryUrl"],
                "allowedClients": [caller["client"]],
            }
        },
    )
    configured = Path(".bedrock_agentcore.yaml").read_text(encoding="utf-8")
    launched = runtime.launch()
    status = runtime.status()
    try:
        without_token = str(runtime.invoke(PROMPT))
    except ValueError as refused:
        without_token = str(refused)
    with_token = runtime.invoke(PROMPT, bearer_token=caller["token"])
    destroyed = runtime.destroy(delete_ecr_repo=True)
    return {
        "configured": configured,
        "agentId": launched.agent_id,
        "image": launched.ecr_uri,
        "status": status.endpoint["status"],
        "withoutToken": without_token,
        "withToken": with_token,
        "removed": destroyed.resources_removed,
        "errors": [*destroyed.errors, *destroyed.warnings],
    }


if __name__ == "__main__":
    print(json.dumps(run_cells(sys.argv[1]), default=str))

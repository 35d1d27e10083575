"""An agent of the AgentCore SDK that calls a protected API with an API key and with a token of its own.

It finds its credential providers by the variables that the lifecycle sets.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

# In place of packages in its zip, which would take minutes to install.
sys.path.insert(0, os.environ["SDK_PACKAGES"])

import boto3
import urllib3
from bedrock_agentcore import BedrockAgentCoreApp
from bedrock_agentcore.identity.auth import requires_access_token, requires_api_key
from botocore.exceptions import ClientError

app = BedrockAgentCoreApp()
URL = os.environ["OUTBOUND_API"]


def get(path: str, headers: Mapping[str, str]) -> str:
    """Call the API."""
    answer = urllib3.PoolManager().request("GET", f"{URL}{path}", headers=headers)
    return answer.data.decode()


@requires_api_key(provider_name=os.environ["CREDENTIAL_PROVIDER_WEATHER"])
def with_key(*, api_key: str) -> str:
    """Call the API with the key."""
    return get("/key", {"X-Api-Key": api_key})


@requires_access_token(
    provider_name=os.environ["CREDENTIAL_PROVIDER_ORDERS"],
    scopes=os.environ["CREDENTIAL_SCOPES_ORDERS"].split(),
    auth_flow="M2M",
)
async def with_token(*, access_token: str) -> str:
    """Call the API with the token."""
    return get("/token", {"Authorization": f"Bearer {access_token}"})


@requires_api_key(provider_name=os.environ.get("FOREIGN_PROVIDER", "none"))
def with_foreign_key(*, api_key: str) -> str:
    """Call the API with the key of another environment."""
    return get("/key", {"X-Api-Key": api_key})


def foreign_secret() -> str:
    """Read the secret of another environment's key."""
    boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["FOREIGN_SECRET"])
    return "read"


@app.entrypoint
async def invoke(payload: dict[str, Any]) -> dict[str, str]:
    """Answer what the API said, or why there was no call."""
    try:
        if payload.get("prompt") == "foreign":
            return {"answer": with_foreign_key()}
        if payload.get("prompt") == "foreign secret":
            return {"answer": foreign_secret()}
        return {"answer": f"{with_key()}, {await with_token()}"}
    except ClientError as error:
        return {"refused": error.response["Error"]["Code"]}


if __name__ == "__main__":
    app.run()

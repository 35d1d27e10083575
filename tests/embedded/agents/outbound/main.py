"""An agent of the AgentCore SDK that calls a protected API, with an API key or with a token of its own.

The SDK's decorators get both from AgentCore Identity.
"""

import os
from collections.abc import Mapping
from typing import Any

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


@requires_api_key(provider_name=os.environ["OUTBOUND_KEY"])
def with_key(*, api_key: str) -> str:
    """Call the API with the key."""
    return get("/key", {"X-Api-Key": api_key})


@requires_access_token(
    provider_name=os.environ["OUTBOUND_TOKEN"],
    scopes=[os.environ["OUTBOUND_SCOPE"]],
    auth_flow="M2M",
)
async def with_token(*, access_token: str) -> str:
    """Call the API with the token."""
    return get("/token", {"Authorization": f"Bearer {access_token}"})


@app.entrypoint
async def invoke(payload: dict[str, Any]) -> dict[str, str]:
    """Answer what the API said, or why there was no call."""
    try:
        answer = with_key() if payload["with"] == "key" else await with_token()
    except ClientError as error:
        return {
            "refused": error.response["Error"]["Code"],
            "why": error.response["Error"]["Message"],
        }
    except ValueError as error:
        return {"refused": "no token", "why": str(error)}
    return {"answer": answer}


if __name__ == "__main__":
    app.run()

"""What the credentials of a request demand of one another and of its other fields."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.request.credentials.section import Credential
from lifecycle.request.inputs import problem
from lifecycle.request.runtime import Runtime
from lifecycle.request.service.environment import bytes_of

# The longest name that a provider can have (botocore's model: CredentialProviderName).
_LONGEST_PROVIDER = "p" * 128


def refuse_credentials(
    credentials: Sequence[Credential], action: str, auth: str, runtime: Runtime
) -> None:
    """Refuse credentials that are valid by themselves, and not together or not here.

    Args:
        credentials: From the input.
        action: What the execution is asked to do.
        auth: `auth.type`.
        runtime: Whose environment variables are compared.

    Raises:
        PydanticCustomError: Names the field, its value and what is allowed.
    """
    if not credentials:
        return
    # A rollback has those of the version that it goes back to; `prepare_request` refuses them in its input.
    if action not in ("provision", "rollback"):
        given = [one.name for one in credentials]
        raise problem("credentials", given, "only with action provision")
    if auth == "iam":
        # A SigV4 call without Runtime-User-Id brings no workload access token (aws/bedrock-agentcore-sdk-python#78).
        raise problem(
            "credentials",
            [one.name for one in credentials],
            "only with auth.type cognito or jwt: AgentCore gives an agent whose callers sign with IAM no token for its "
            "credentials",
        )
    seen: set[str] = set()
    for number, one in enumerate(credentials):
        if one.name in seen:
            raise problem(f"credentials.{number}.name", one.name, "each name once")
        seen.add(one.name)
        for variable in one.variables(""):
            if variable in runtime.environment_variables:
                raise problem(
                    "runtime.environmentVariables",
                    variable,
                    f"another name: the credential {one.name} sets this variable",
                )


def most_bytes_of(credentials: Sequence[Credential]) -> int:
    """The bytes that the variables of credentials can have at most, names and values together."""
    return sum(bytes_of(one.variables(_LONGEST_PROVIDER)) for one in credentials)

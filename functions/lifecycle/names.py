"""Names, tags and client tokens, derived from stack and environment: the same environment always gets the same ones."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from lifecycle.sections.flow import Flow

TAG_PREFIX = "agentcore-lifecycle"
STACK_TAG = f"{TAG_PREFIX}:stack"
ENVIRONMENT_TAG = f"{TAG_PREFIX}:environment"
LIVE_ENDPOINT = "live"
CANDIDATE_ENDPOINT = "candidate"
"""The endpoint on which a rollback tests a version."""
ARTIFACT_FOLDER = "environments/"
"""The folder of the artifact bucket where a former stack had a folder for each environment."""
STAGING_FOLDERS = ("build-sources/", "builds/")
"""What builds read and put. Nothing is used from here after its build, and S3 deletes it after a day."""
PACKAGES = "packages/"
"""The folder from which AgentCore takes zips."""
# Limits of a runtime name (botocore's model: AgentRuntimeName).
_RUNTIME_NAME_LENGTH = 48
# Limit of a gateway's name (botocore's model: GatewayName).
_GATEWAY_NAME_LENGTH = 48
# Limit of a role's name (botocore's model of IAM: roleNameType).
_ROLE_NAME_LENGTH = 64
_ENVIRONMENT_LENGTH = 24
# Limit of a credential provider's name (botocore's model: CredentialProviderName), without the other parts of ours.
LONGEST_STACK_OF_PROVIDERS = 128 - _ENVIRONMENT_LENGTH - 32 - 8 - len("-----")
"""How many characters the name of a stack may have at most that has credential providers."""
# Limits of the names of a user pool and of an app client (botocore's model: UserPoolNameType, ClientNameType).
_COGNITO_NAME_LENGTH = 128
_IMAGE_TAG = re.compile(r"(?P<environment>[a-z0-9-]+)-[0-9a-f]{32}")
_ARTIFACT_TAG = re.compile(r"([0-9a-f]{64})-([0-9a-f]{12})-.+")
_ARTIFACT_KEY = re.compile(r"[a-z-]+/([0-9a-f]{64})/([0-9a-f]{12})[./].+")
_FLOW_WORDS: dict[Flow, str] = {"password": "password", "clientCredentials": "machine"}


def tags(stack: str, environment: str) -> dict[str, str]:
    """The tags by which a resource of an environment is found without its record."""
    return {STACK_TAG: stack, ENVIRONMENT_TAG: environment}


def digest(value: Any) -> str:
    """SHA-256 in hex (64 characters) of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def fleet_suffix(execution: str, action: str) -> str:
    """How the names of the lifecycle executions end that a fleet execution starts.

    Args:
        execution: The fleet execution's ARN.
        action: What the fleet does.
    """
    return f"-{action}-{digest(execution)[:16]}"


def bounded(name: str, limit: int) -> str:
    """A name of at most `limit` characters: one that does not fit is cut and gets a digest, so that it stays unique."""
    return name if len(name) <= limit else f"{name[: limit - 9]}-{digest(name)[:8]}"


def client_token(*parts: Any) -> str:
    """An idempotency token: 64 hexadecimal characters, within AgentCore's limits of 33 to 256."""
    return digest(list(parts))


def resource_name(stack: str, environment: str) -> str:
    """The name of pools and the beginning of client names, such as `agentcore-lifecycle-dev`."""
    return bounded(f"{stack}-{environment}", _COGNITO_NAME_LENGTH)


def runtime_name(stack: str, environment: str) -> str:
    """The runtime's name, such as `agentcore_lifecycle_dev`: no hyphens, at most 48 characters.

    A stack name that does not fit is cut and gets a hash, so that two long names stay different.
    """
    room = _RUNTIME_NAME_LENGTH - _ENVIRONMENT_LENGTH - 1
    slug = re.sub(r"[^A-Za-z0-9]", "_", stack)
    if len(slug) > room:
        slug = f"{slug[: room - 9]}_{digest(stack)[:8]}"
    return f"{slug}_{environment.replace('-', '_')}"


def gateway_name(stack: str, environment: str) -> str:
    """The gateway's name, such as `agentcore-lifecycle-dev`: at most 48 characters, no capitals, and no `--`.

    A name that does not fit is changed and gets a hash of stack and environment, so that two long ones, or `a-b` and
    `a--b`, stay different. So does that of an environment with a hyphen: `a` and `b-c` is not `a-b` and `c`.
    """
    whole = f"{stack}-{environment}"
    slug = _gateway_slug(whole)
    if slug == whole and "-" not in environment and len(slug) <= _GATEWAY_NAME_LENGTH:
        return slug
    return f"{slug[: _GATEWAY_NAME_LENGTH - 9].rstrip('-')}-{digest([stack, environment])[:8]}"


def gateway_prefix(stack: str) -> str:
    """What the names of all gateways of a stack begin with; those of other stacks may, too."""
    return _gateway_slug(stack)[: _GATEWAY_NAME_LENGTH - 9].rstrip("-")


def _gateway_slug(text: str) -> str:
    # AgentCore makes the gateway's id of its name, and an id has no capitals (botocore's model: GatewayId).
    return re.sub(r"-+", "-", text.lower()).strip("-")


def role_path(stack: str) -> str:
    """The path of the roles that belong to environments of a stack; only this stack's functions may use it."""
    return f"/{TAG_PREFIX}/{stack}/"


def role_name(stack: str, environment: str, purpose: str) -> str:
    """The name of a role of an environment, such as `agentcore-demo-dev-agent`: at most 64 characters.

    Names of roles are unique in an account, whatever their paths. One that does not fit, or whose environment has a
    hyphen, is cut and gets a hash of all three, so that `a` and `b-c` is not `a-b` and `c`.
    """
    whole = f"agentcore-{stack}-{environment}-{purpose}"
    if "-" not in environment and len(whole) <= _ROLE_NAME_LENGTH:
        return whole
    room = _ROLE_NAME_LENGTH - 10 - len(purpose)
    slug = f"agentcore-{stack}-{environment}"[:room].rstrip("-")
    return f"{slug}-{digest([stack, environment, purpose])[:8]}-{purpose}"


def provider_prefix(stack: str) -> str:
    """What the names of all credential providers of a stack begin with; those of stack `a--b` begin as those of `a`."""
    return f"{stack}--"


def provider_name(stack: str, environment: str, name: str, content: Any) -> str:
    """The name of a credential provider, such as `agentcore-lifecycle--dev--weather-1a2b3c4d`.

    It ends in a hash of what the provider is made of, so that a change makes another one, and callers of `live` keep
    theirs until the new version is promoted.
    """
    return (
        f"{provider_prefix(stack)}{environment}--{name}-{digest([environment, name, content])[:8]}"
    )


def client_name(resource: str, flow: Flow, *, probe: bool) -> str:
    """The name of an app client, such as `agentcore-lifecycle-dev-password-probe`."""
    name = f"{resource}-{_FLOW_WORDS[flow]}{'-probe' if probe else ''}"
    return bounded(name, _COGNITO_NAME_LENGTH)


def secret_name(stack: str, environment: str, flow: Flow) -> str:
    """The name of the secret of the smoke test's caller, such as `agentcore-lifecycle/dev/password`.

    One secret per flow, like the app clients: after a switch of the flow, callers of `live` still sign in as before.
    """
    return f"{stack}/{environment}/{_FLOW_WORDS[flow]}"


def secret_names(stack: str, environment: str) -> list[str]:
    """The name of the secret of each flow."""
    return [secret_name(stack, environment, flow) for flow in _FLOW_WORDS]


def domain_prefix(account: str, stack: str, environment: str) -> str:
    """The user pool domain's prefix: unique in the Region, without the words that Cognito reserves."""
    return f"ac-{digest([account, stack, environment])[:24]}"


def image_tag(content_hash: str, generation: str) -> str:
    """What the tags of an artifact's images begin with; each build adds its own id, which nobody can guess."""
    return f"{content_hash}-{generation}"


def environment_of_image(tag: str) -> str | None:
    """The environment that the tag of an image of a former stack names; None for another tag."""
    match = _IMAGE_TAG.fullmatch(tag)
    return match["environment"] if match else None


def source_key(content_hash: str, generation: str) -> str:
    """The key of the packed source. Builds read it; only the function that starts builds writes it."""
    return f"build-sources/{content_hash}/{generation}.zip"


def build_prefix(content_hash: str, generation: str) -> str:
    """The prefix for what builds put. Any build may write here, so nothing here is used as it lies."""
    return f"builds/{content_hash}/{generation}/"


def package_key(content_hash: str, generation: str) -> str:
    """The key of the zip for direct code deployment. No build may write it."""
    return f"packages/{content_hash}/{generation}.zip"


def artifact_of_image(tag: str) -> tuple[str, str] | None:
    """The content hash and generation that an image's tag names; None for a tag that is not the lifecycle's."""
    match = _ARTIFACT_TAG.fullmatch(tag)
    return (match[1], match[2]) if match else None


def artifact_of_key(key: str) -> tuple[str, str] | None:
    """The content hash and generation that an object's key names; None for a key that is not the lifecycle's."""
    match = _ARTIFACT_KEY.fullmatch(key) if key.startswith((*STAGING_FOLDERS, PACKAGES)) else None
    return (match[1], match[2]) if match else None


def artifact_prefix(environment: str) -> str:
    """Where stacks before artifacts were shared kept those of an environment."""
    return f"{ARTIFACT_FOLDER}{environment}/"


def environment_of_prefix(prefix: str) -> str | None:
    """The environment that owns a prefix in the artifact bucket; None when no environment does."""
    environment = prefix.removeprefix(ARTIFACT_FOLDER).removesuffix("/")
    return environment if prefix == artifact_prefix(environment) else None


def log_group_prefix(runtime_id: str) -> str:
    """The prefix of a runtime's log groups; the endpoint's name follows."""
    return f"/aws/bedrock-agentcore/runtimes/{runtime_id}-"


def telemetry_name(stack: str, environment: str, kind: str) -> str:
    """The name of a delivery source or destination, such as `agentcore_lifecycle_dev-traces`: at most 60 characters."""
    return f"{runtime_name(stack, environment)}-{kind}"


def telemetry_log_group(stack: str, environment: str) -> str:
    """The log group that a runtime's logs are delivered to.

    CloudWatch Logs keeps one resource policy for all log groups below `/aws/vendedlogs/` (user guide, "Logs sent to
    CloudWatch Logs").
    """
    return f"/aws/vendedlogs/bedrock-agentcore/runtime/{stack}/{environment}"

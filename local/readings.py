"""The open questions: where AWS's behaviour is not known, and the local AWS can play each reading.

`lifecycle local up --reading NAME=VALUE` chooses one. docs/local.md and docs/ja/local.md list all of them, and a test
compares the pages with this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One open question.

    Attributes:
        name: Its name on the command line.
        question: What is not known.
        values: What the local AWS can play; the first is the default.
        source: Who reports which answer, or `not known`.
    """

    name: str
    question: str
    values: tuple[str, ...]
    source: str

    @property
    def default(self) -> str:
        """The value that is played unless another is chosen."""
        return self.values[0]


READINGS: tuple[Reading, ...] = (
    Reading(
        "region-variables",
        "Does AgentCore set `AWS_REGION` and `AWS_DEFAULT_REGION` for an agent?",
        ("not-set", "set"),
        "reports contradict each other",
    ),
    Reading(
        "tags-visible",
        "When does `aws:ResourceTag` see the tags of a new resource?",
        ("at-once", "late"),
        "not known",
    ),
    Reading(
        "get-form",
        "Does `GetAgentRuntime` fill in defaults, return only what was sent, or leave out what is empty?",
        ("filled", "echoed", "normalised"),
        "not known",
    ),
    Reading(
        "refusal-status",
        "Which status does a wrong token get?",
        ("mixed", "401", "403"),
        "reports: 403 for a token that cannot be read, 401 for others",
    ),
    Reading(
        "slow-start",
        "Which status does a call get if its agent does not start in time?",
        ("504", "424"),
        "reports of both",
    ),
    Reading(
        "cold-start",
        "Can the first start of a version take too long, although the next one does not?",
        ("in-time", "too-long"),
        "aws/bedrock-agentcore-starter-toolkit#356",
    ),
    Reading(
        "failed-update",
        "Which status does the endpoint `DEFAULT` have after a failed update?",
        ("ready", "failed"),
        "not known",
    ),
    Reading(
        "version-order",
        "In which order does `ListAgentRuntimeVersions` list versions?",
        ("newest-first", "oldest-first"),
        "not known",
    ),
    Reading(
        "unreachable-target",
        "Which status does a gateway's target have whose runtime or endpoint does not exist?",
        ("failed", "ready"),
        "not known",
    ),
    Reading(
        "target-list",
        "Does the list of a gateway's targets show a create and a delete at once, and may the gateway go then?",
        ("prompt", "late"),
        "not known; awslabs/agentcore-samples#1954: a delete is refused although the targets were deleted",
    ),
    Reading(
        "rule-list",
        "Does the list of a gateway's rules show a create, an update and a delete at once?",
        ("prompt", "late"),
        "not known",
    ),
    Reading(
        "gateway-refusal",
        "Which status does a gateway that takes tokens answer to another client's, to an ID token and to SigV4?",
        ("401", "403"),
        "not known",
    ),
    Reading(
        "gateway-metadata",
        "What does a gateway's sign-in document name as authorization server?",
        ("issuer", "discovery-url"),
        "not known",
    ),
    Reading(
        "unusable-schema",
        "Is a gateway's target with an OpenAPI document that cannot be used refused, or does it become FAILED?",
        ("refused", "failed"),
        "not known",
    ),
    Reading(
        "openapi-body",
        "Are the properties of an OpenAPI request body arguments of their own, or is the body one argument `body`?",
        ("properties", "nested"),
        "not known",
    ),
    Reading(
        "api-key-default",
        "How does a gateway send an API key if its target does not say where: in `Authorization` after `Bearer`, or "
        "alone?",
        ("bearer", "plain"),
        "aws-cdk-lib's default: `Bearer`; otherwise not known",
    ),
    Reading(
        "api-key-prefix",
        "Does a gateway put a space between the `credentialPrefix` of an API key and the key?",
        ("as-given", "spaced"),
        "not known",
    ),
    Reading(
        "gateway-metrics",
        "When do a gateway's metrics come, and has each target its own?",
        ("prompt", "late", "by-target"),
        "AgentCore developer guide: batches of a minute, `Name` for tools; nothing for HTTP targets",
    ),
    Reading(
        "client-tokens",
        "Does a client token still count after its runtime, endpoint, gateway or target was deleted?",
        ("forgotten", "kept"),
        "not known",
    ),
    Reading(
        "unreadable-discovery",
        "Which status does a token get if the discovery document cannot be read?",
        ("403", "424", "500"),
        "not known",
    ),
    Reading(
        "oversized-body",
        "Is a body over the limit refused before or after the caller is authorized?",
        ("before-authorization", "after-authorization"),
        "not known",
    ),
    Reading(
        "provider-arn",
        "Which service does the ARN of a credential provider name?",
        ("bedrock-agentcore", "acps"),
        "AgentCore developer guide: `bedrock-agentcore`; botocore's service model: `acps`",
    ),
    Reading(
        "young-role",
        "Does AgentCore see a role of IAM as soon as it is made?",
        ("seen", "late"),
        "IAM user guide: changes take time to be visible everywhere; aws/bedrock-agentcore-starter-toolkit waits and "
        "tries again",
    ),
    Reading(
        "resource-policy",
        "Does a policy of a runtime or gateway count as soon as it is put, changed or deleted?",
        ("at-once", "late"),
        "not known",
    ),
    Reading(
        "resource-policy-read",
        "Does `GetResourcePolicy` show a policy as soon as it is put, changed or deleted?",
        ("at-once", "late"),
        "not known",
    ),
    Reading(
        "resource-policy-silence",
        "Does the policy of a runtime or gateway refuse a call that none of its statements is about?",
        ("allowed", "refused"),
        "AgentCore developer guide, “Resource-based policies”: the table says no, “hierarchical authorization” yes",
    ),
    Reading(
        "no-resource-policy",
        "What do `GetResourcePolicy` and `DeleteResourcePolicy` answer for a resource that has no policy?",
        ("not-found", "empty"),
        "not known",
    ),
    Reading(
        "websocket-frame",
        "How large may a frame of a WebSocket be?",
        ("32-kb", "64-kb"),
        "AgentCore developer guide: 32 KB in “Troubleshooting”, 64 KB in “Quotas”",
    ),
)
"""The open questions that the local AWS can play."""


class ReadingError(ValueError):
    """There is no such question or value. The message lists what is allowed."""


class Readings:
    """What the local AWS plays; may be changed while it runs.

    Args:
        chosen: Values by name, for those that are not the default.

    Raises:
        ReadingError: There is no such question or value.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        self._values = {reading.name: reading.default for reading in READINGS}
        self.change(chosen or {})

    def __getitem__(self, name: str) -> str:
        """Return the value that is played."""
        return self._values[name]

    def as_dict(self) -> dict[str, str]:
        """Return all values by name."""
        return dict(self._values)

    def change(self, chosen: Mapping[str, str]) -> None:
        """Play other values for some questions.

        Raises:
            ReadingError: There is no such question or value; nothing is changed.
        """
        known = {reading.name: reading for reading in READINGS}
        for name, value in chosen.items():
            if name not in known:
                raise ReadingError(f"unknown reading {name!r}; there are {', '.join(known)}")
            if value not in known[name].values:
                allowed = ", ".join(known[name].values)
                raise ReadingError(f"the reading {name} is one of {allowed}, not {value!r}")
        self._values |= chosen

    def reset(self) -> None:
        """Play the defaults again."""
        self._values = {reading.name: reading.default for reading in READINGS}

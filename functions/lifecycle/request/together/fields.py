"""What one field of a request demands of another. `Request` calls this once every field is valid by itself."""

from __future__ import annotations

from typing import Protocol

from lifecycle.doors.lock import LOCK
from lifecycle.request.artifact import Artifact
from lifecycle.request.auth import Auth
from lifecycle.request.credentials.section import Credential
from lifecycle.request.credentials.use import of_agent
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.inputs import problem
from lifecycle.request.promotion.section import Promotion
from lifecycle.request.runtime import Runtime
from lifecycle.request.service.environment import bytes_of, most_bytes
from lifecycle.request.service.headers import AUTHORIZATION
from lifecycle.request.smoke_test import (
    SmokeTest,
    refuse_limits,
    refuse_payloads,
    refuse_web_socket,
)
from lifecycle.request.together.credentials import most_bytes_of, refuse_credentials
from lifecycle.request.together.gateway import refuse_targets
from lifecycle.request.wait import LONGEST_WITH_CANARY, MOST_LOOKS_WITH_CANARY, Wait


class Fields(Protocol):
    """The fields of a request that something is demanded of, each valid by itself."""

    artifact: Artifact
    auth: Auth
    runtime: Runtime
    smoke_test: SmokeTest
    wait: Wait
    gateway: Gateway | None
    credentials: list[Credential]
    promotion: Promotion | None
    tags: dict[str, str]
    observability: bool
    version: str | None
    dry_run: bool
    auto_rollback: bool

    @property
    def action(self) -> str:
        """What the execution is asked to do."""


def refuse_disagreement(request: Fields) -> None:
    """Refuse fields that are valid by themselves, and not together.

    Raises:
        PydanticCustomError: Two fields disagree; it names one, its value and what is allowed.
    """
    refuse_credentials(request.credentials, request.action, request.auth.type, request.runtime)
    _refuse_tags_of_roles(request)
    _refuse_large_variables(request)
    _refuse_authorization_without_token(request)
    _refuse_cases(request)
    if request.gateway is not None:
        refuse_targets(request.gateway, request.auth, request.runtime, request.credentials)
    _refuse_a_closed_runtime(request)
    _refuse_what_is_of_another_action(request)
    _refuse_canary_without_gateway(request)


def _refuse_tags_of_roles(request: Fields) -> None:
    """Roles have the tags, whose keys are not case-sensitive (IAM user guide, "Tags for IAM resources")."""
    gateway = request.gateway
    is_mcp = gateway is not None and gateway.type == "mcp"
    is_guarded = gateway is not None and gateway.only and request.auth.type == "iam"
    seen: dict[str, str] = {}
    for key in request.tags if request.credentials or is_mcp or is_guarded else ():
        other = seen.setdefault(key.lower(), key)
        if other != key:
            raise problem(
                "tags",
                key,
                f"another key than '{other}': with credentials, an MCP gateway, or gateway.only and auth.type iam, "
                "roles have these tags, and IAM does not tell upper from lower case",
            )


def _refuse_large_variables(request: Fields) -> None:
    most = most_bytes(request.artifact.type, request.runtime.configuration.get("platformVersion"))
    most -= most_bytes_of(of_agent(request.credentials, request.gateway))
    size = bytes_of(request.runtime.environment_variables)
    if size > most:
        raise problem(
            "runtime.environmentVariables",
            size,
            f"at most {most} bytes, all names and values together",
        )


def _refuse_authorization_without_token(request: Fields) -> None:
    if request.auth.type == "iam":
        for name in request.runtime.request_headers:
            if name.lower() == AUTHORIZATION:
                raise problem("runtime.requestHeaders", name, "only with auth.type cognito or jwt")


def _refuse_cases(request: Fields) -> None:
    # What the others leave out comes from an earlier provision, so `prepare_request` checks it.
    if request.action in ("provision", "teardown"):
        refuse_limits(request.smoke_test)
        refuse_payloads(request.smoke_test.cases, request.runtime.protocol)
        refuse_web_socket(request.smoke_test, request.runtime.protocol)


def _refuse_a_closed_runtime(request: Fields) -> None:
    """Refuse `gateway.only` with what it cannot work with."""
    if request.gateway is None or not request.gateway.only:
        return
    if LOCK in request.auth.configuration:
        given = request.auth.configuration[LOCK]
        raise problem(f"auth.configuration.{LOCK}", given, "only without gateway.only")
    if request.smoke_test.web_socket:
        raise problem("smokeTest.webSocket", True, "true only without gateway.only")


def _refuse_what_is_of_another_action(request: Fields) -> None:
    if request.dry_run and request.action == "smokeTest":
        raise problem("dryRun", True, "true only with action provision, rollback or teardown")
    if request.auto_rollback and request.action != "smokeTest":
        raise problem("autoRollback", True, "true only with action smokeTest")
    if request.observability and request.action != "provision":
        raise problem("observability", True, "true only with action provision")
    if request.gateway is not None and request.action != "provision":
        given = request.gateway.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        raise problem("gateway", given, "only with action provision")
    if request.promotion is not None and request.action != "provision":
        given = request.promotion.model_dump(mode="json", by_alias=True, exclude_none=True)
        raise problem("promotion", given, "only with action provision")
    if request.version is not None and request.action != "rollback":
        raise problem("version", request.version, "only with action rollback")


def _refuse_canary_without_gateway(request: Fields) -> None:
    if request.promotion is None or request.promotion.strategy == "direct":
        return
    if request.gateway is None or request.gateway.type != "runtime":
        raise problem("promotion.strategy", "canary", "only with gateway.type runtime")
    if not request.wait.leaves_room_for_a_canary:
        given = request.wait.model_dump(mode="json", by_alias=True)
        raise problem(
            "wait",
            given,
            f"with strategy canary, at most timeoutSeconds {LONGEST_WITH_CANARY} without maxIntervalSeconds, or at "
            f"most {MOST_LOOKS_WITH_CANARY} polls with it, or the execution's history overflows",
        )

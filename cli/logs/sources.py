"""Where the log lines of an environment are: its last build, its agent, and the functions of the stack."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from cli.errors import CommandError, UsageError
from cli.target.deployed import Deployed
from lifecycle import names
from lifecycle.artifact.build import get_build
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.record import Record
from lifecycle.stages import STAGES, TRIGGERS

BUILD = "build"
AGENT = "agent"
FUNCTIONS = "functions"
KINDS = (BUILD, AGENT, FUNCTIONS)


@dataclass(frozen=True)
class Source:
    """A log group, or the part of it that belongs to an environment.

    Attributes:
        kind: `build`, `agent` or `functions`.
        name: Its name, for a person.
        group: The log group.
        streams: The log streams; all if there are none.
        pattern: The filter pattern of CloudWatch Logs.
    """

    kind: str
    name: str
    group: str
    streams: tuple[str, ...] = ()
    pattern: str = ""

    def request(self) -> dict[str, Any]:
        """Return the parameters of FilterLogEvents."""
        made: dict[str, Any] = {"logGroupName": self.group}
        if self.streams:
            made["logStreamNames"] = list(self.streams)
        if self.pattern:
            made["filterPattern"] = self.pattern
        return made


def find_sources(
    deployed: Deployed, record: Record, kinds: Collection[str], stages: Collection[str] = ()
) -> list[Source]:
    """Find where the log lines of an environment are.

    Args:
        deployed: The stack.
        record: The environment's record.
        kinds: What to find.
        stages: Handlers of stages; only their lines of the functions' log.

    Raises:
        CommandError: One kind is asked for, and there is none of it; the message says why.
        DeniedError: The caller may not look for it.
    """
    found: list[Source] = []
    if BUILD in kinds:
        found += _of_the_build(deployed, record)
    if AGENT in kinds:
        found += _of_the_agent(deployed.client("logs"), record)
    if FUNCTIONS in kinds:
        group = deployed.output("FunctionLogGroupName")
        found.append(
            Source(FUNCTIONS, "function", group, pattern=_pattern(record.environment, stages))
        )
    if not found:
        raise CommandError(f"environment {record.environment}: {_nothing(record, kinds)}")
    return found


def stage_of(name: str) -> str:
    """Return the handler of a stage.

    Args:
        name: The handler, the name of the state, or the logical id of the function; in any case.

    Raises:
        UsageError: There is no such stage; the message lists them.
    """
    handlers = {}
    for stage in STAGES:
        for known in (stage.handler, stage.state, stage.function):
            handlers[known.lower()] = stage.handler
    for trigger in TRIGGERS:
        handlers |= {trigger.handler: trigger.handler, trigger.function.lower(): trigger.handler}
    if name.lower() not in handlers:
        raise UsageError(
            f"--stage: given {name}, allowed: {', '.join(dict.fromkeys(handlers.values()))}"
        )
    return handlers[name.lower()]


def _of_the_build(deployed: Deployed, record: Record) -> list[Source]:
    artifact = record.artifact
    if artifact is None or artifact.given:
        return []
    build_id = artifact.build_id
    if build_id is None and artifact.source_hash is not None:
        # A build that failed is no longer in the record, but the artifact's item still names it.
        shared = SharedArtifacts(deployed.client("dynamodb"), deployed.output("ArtifactsTableName"))
        item = shared.get(artifact.source_hash)
        if item is not None:
            build_id = item.build_id or item.failed_build_id
    build = get_build(deployed.client("codebuild"), build_id) if build_id else None
    logs = (build or {}).get("logs") or {}
    if not logs.get("groupName") or not logs.get("streamName"):
        return []
    return [Source(BUILD, "build", logs["groupName"], (logs["streamName"],))]


def _of_the_agent(logs: Any, record: Record) -> list[Source]:
    runtime = record.runtime
    if runtime is None or runtime.id is None:
        return []
    found = []
    for runtime_id in (*runtime.former_ids, runtime.id):
        prefix = names.log_group_prefix(runtime_id)
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        for page in pages:
            for group in page["logGroups"]:
                name = group["logGroupName"]
                found.append(Source(AGENT, f"agent {name.removeprefix(prefix)}", name))
    return found


def _pattern(environment: str, stages: Collection[str]) -> str:
    # The name of an environment has no character that a pattern needs quoted.
    pattern = f'($.environment = "{environment}")'
    if stages:
        any_stage = " || ".join(f'$.stage = "{stage}"' for stage in stages)
        pattern = f"{pattern} && ({any_stage})"
    return f"{{ {pattern} }}"


def _nothing(record: Record, kinds: Collection[str]) -> str:
    missing = []
    if BUILD in kinds and record.artifact is not None and record.artifact.given:
        missing.append("its image was given, so there was no build")
    elif BUILD in kinds:
        missing.append("there is no build of its source, or CodeBuild no longer has it")
    if AGENT in kinds:
        missing.append(
            "its agent has no log group yet; AgentCore makes one some seconds after the first call"
            if record.runtime is not None and record.runtime.id
            else "it has no runtime yet, so there is no log of an agent"
        )
    return "; ".join(missing)

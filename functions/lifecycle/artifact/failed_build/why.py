"""Say in one line why a build failed, what to do about it, and where its log is."""

from __future__ import annotations

import re
from typing import Any

from lifecycle.agent_log.lines import presentable
from lifecycle.artifact.failed_build.log import LogEnd, end_of_log
from lifecycle.artifact.failed_build.reason import UNREACHED, reason

_MESSAGE_LENGTH = 400
_FIX_SOURCE = "fix the source and retry"
# What to do about a line, where the line itself says that the source is not at fault.
_ADVICE = (
    (
        re.compile(r"no space left on device", re.IGNORECASE),
        "the build's disk is full: make the image smaller, or raise ComputeType of BuildProject in template.yaml",
    ),
    (
        re.compile(
            # Not any 429, which may be the number of a line.
            r"toomanyrequests|too many requests|rate limit|Throttling|Rate exceeded"
            r"|(?:HTTP(?:/[\d.]+)?|status|error|code)\W{0,3}(?:code\W{0,3})?429\b",
            re.IGNORECASE,
        ),
        "a service throttles the build: retry later",
    ),
    (
        re.compile(r"AccessDenied|is not authorized to perform"),
        "allow the action to the build's role (BuildRole in template.yaml) and deploy the stack again",
    ),
    (
        UNREACHED,
        "the build did not reach a host: check the name in this line, then the network, and retry",
    ),
    (
        re.compile(
            r"\b50[0234] (?:Server Error|Internal Server Error|Bad Gateway|Service (?:Temporarily )?Unavailable"
            r"|Gateway Time-?out)",
            re.IGNORECASE,
        ),
        "a service that the build asked is not available: retry later",
    ),
)
# How a build ends that its commands did not fail (CodeBuild API reference, Build: buildStatus).
_OF_STATUS = {
    "FAULT": "CodeBuild itself failed: retry",
    "STOPPED": "somebody stopped it: retry",
    "TIMED_OUT": "make the build shorter, or raise TimeoutInMinutes of BuildProject in template.yaml, and retry",
}
# The phases in which no command of the buildspec runs (CodeBuild API reference, BuildPhase: phaseType).
_NOT_OF_THE_SOURCE = frozenset(
    {
        "DOWNLOAD_SOURCE",
        "FINALIZING",
        "PROVISIONING",
        "QUEUED",
        "SUBMITTED",
        "UPLOAD_ARTIFACTS",
    }
)


def why_failed(logs: Any, build: dict[str, Any]) -> str:
    """Say which phase of a build failed, why, what to do, and where its log is.

    Args:
        logs: A boto3 CloudWatch Logs client, to read the end of the log.
        build: The build as BatchGetBuilds gives it; it did not succeed.

    Returns:
        One line. It has the line of the log that says why, without credentials and at most 240 characters of it; if
        there is none, CodeBuild's message.
    """
    status = str(build["buildStatus"])
    phase = next(
        (
            one
            for one in build.get("phases", [])
            if one.get("phaseStatus") not in (None, "SUCCEEDED")
        ),
        None,
    )
    begin = f"build {build['id']} ended {status}"
    log = end_of_log(logs, build)
    # Only a command that failed has said why in the log; a build that was stopped may have written anything.
    line = reason(log.lines) if status == "FAILED" else None
    if line is not None and phase is not None and phase["phaseType"] not in _NOT_OF_THE_SOURCE:
        text = f"{begin} in phase {phase['phaseType']}; its log says: {presentable(line)}; {_advice(line)}"
        return _one_line(f"{text}; its log: {log.place}")
    told = _silent(log) if status == "FAILED" and line is None else ""
    text = f"{begin}: {_message(phase)}; its log: {log.place}{told}"
    return _one_line(f"{text}; {_without_a_line(phase, status)}")


def _advice(line: str) -> str:
    return next((text for pattern, text in _ADVICE if pattern.search(line)), _FIX_SOURCE)


def _message(phase: dict[str, Any] | None) -> str:
    if phase is None:
        return "no phase says why"
    messages = [one["message"] for one in phase.get("contexts", []) if one.get("message")]
    said = "; ".join(messages) or "CodeBuild gives no message"
    shown = said if len(said) <= _MESSAGE_LENGTH else f"{said[: _MESSAGE_LENGTH - 1]}…"
    return f"phase {phase['phaseType']} {phase['phaseStatus']}: {shown}"


def _silent(log: LogEnd) -> str:
    if log.unread is not None:
        return f" (this function could not read it: {log.unread})"
    return " (no line of it says why)" if log.lines else ""


def _without_a_line(phase: dict[str, Any] | None, status: str) -> str:
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    if phase is not None and phase["phaseType"] in _NOT_OF_THE_SOURCE:
        return "no command of the build ran, so the source is not the cause: do what the message says, and retry"
    return "look at its log, fix the cause and retry"


def _one_line(text: str) -> str:
    return " ".join(text.split())

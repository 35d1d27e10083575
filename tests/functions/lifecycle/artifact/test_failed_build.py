"""The cause of a failed build: the line of its log that says why, and whose fault that is."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lifecycle.artifact.failed_build.why import why_failed

GROUP, STREAM = "/aws/codebuild/stack", "11-22"
COMMAND = 'docker build --tag "$IMAGE" "$SOURCE"'
SOURCE, RETRY = "fix the source and retry", "CodeBuild itself failed: retry"
THROTTLED, UNREACHED = (
    "a service throttles the build: retry later",
    "the build did not reach a host",
)


class Log:
    """GetLogEvents of one stream, or an error."""

    def __init__(self, *lines: str, error: Exception | None = None) -> None:
        self.lines, self.error = lines, error
        self.asked: list[dict[str, Any]] = []

    def get_log_events(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return {"events": [{"message": f"{line}\n"} for line in self.lines]}


def build(status: str = "FAILED", phase: str = "BUILD", message: str = "") -> dict[str, Any]:
    said = message or f"Error while executing command: {COMMAND}. Reason: exit status 1"
    return {
        "id": "p:1",
        "buildStatus": status,
        "phases": [
            {"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"},
            {"phaseType": phase, "phaseStatus": status, "contexts": [{"message": said}]},
            {"phaseType": "COMPLETED"},
        ],
        "logs": {"groupName": GROUP, "streamName": STREAM},
    }


def noted(*lines: str) -> Log:
    """The log of a build whose last command wrote these lines."""
    at = "[Container] 2026/11/27 03:00:00.1"
    return Log(
        f"{at} Running command uv --version",
        "error: of a command before",
        f"{at} Running command {COMMAND}",
        *lines,
        "",
        f"{at} Command did not exit successfully {COMMAND} exit status 1",
        f"{at} Phase complete: BUILD State: FAILED",
        f"{at} Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command",
        f"{at} Entering phase POST_BUILD",
    )


KITS = [
    (
        "BuildKit, an unknown instruction",
        [
            "#1 [internal] load build definition from Dockerfile",
            "#1 DONE 0.0s",
            "Dockerfile:3",
            "   3 | >>> COPPY main.py .",
            "ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: COPPY (did you mean COPY?)",
        ],
        "ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: COPPY (did you mean COPY?)",
        SOURCE,
    ),
    (
        "the older builder, an unknown instruction",
        ["Error response from daemon: dockerfile parse error line 3: unknown instruction: COPPY"],
        "Error response from daemon: dockerfile parse error line 3: unknown instruction: COPPY",
        SOURCE,
    ),
    (
        "BuildKit, a missing file, after a warning of pip",
        [
            "#7 2.1 ERROR: pip's dependency resolver does not take all packages into account",
            '#8 ERROR: failed to calculate checksum of ref x::y: "/missing.py": not found',
            "#8 [4/4] COPY missing.py .:",
            'ERROR: failed to solve: failed to compute cache key: "/missing.py": not found',
        ],
        'ERROR: failed to solve: failed to compute cache key: "/missing.py": not found',
        SOURCE,
    ),
    (
        "the older builder, a missing file",
        [
            "Step 3/4 : COPY missing.py .",
            "COPY failed: file not found in build context: stat missing.py: file does not exist",
        ],
        "COPY failed: file not found in build context: stat missing.py: file does not exist",
        SOURCE,
    ),
    (
        "pip in a RUN, a package that does not exist",
        [
            "#8 1.205 ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)",
            "#8 1.311 ERROR: No matching distribution found for nosuch",
            '#8 ERROR: process "/bin/sh -c pip install x" did not complete successfully: exit code: 1',
            'ERROR: failed to solve: process "/bin/sh -c pip install x" did not complete successfully: exit code: 1',
        ],
        "ERROR: No matching distribution found for nosuch",
        SOURCE,
    ),
    (
        "pip that reached no index: the package may exist",
        [
            "#8 9.2 WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError: [Errno -3] "
            "Temporary failure in name resolution': /simple/httpx/",
            "#8 9.3 ERROR: No matching distribution found for httpx",
            'ERROR: failed to solve: process "/bin/sh -c pip install y" did not complete successfully: exit code: 1',
        ],
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError: [Errno -3] Temporary "
        "failure in name resolution': /simple/httpx/",
        UNREACHED,
    ),
    (
        "the older builder, a program of the source that ends with an exception",
        [
            "Step 4/5 : RUN python prepare.py",
            "Traceback (most recent call last):",
            '  File "prepare.py", line 2, in <module>',
            "ValueError: no model file",
            "The command '/bin/sh -c python prepare.py' returned a non-zero code: 1",
        ],
        "ValueError: no model file",
        SOURCE,
    ),
    (
        "uv, whose sentence has two lines",
        [
            "  × No solution found when resolving dependencies:",
            "  ╰─▶ Because nosuch was not found in the package registry and you require",
            "      nosuch==1.0, we can conclude that your requirements are unsatisfiable.",
        ],
        "Because nosuch was not found in the package registry and you require nosuch==1.0, we can conclude that your "
        "requirements are unsatisfiable.",
        SOURCE,
    ),
    (
        "uv, an error with what caused it",
        [
            "error: Request failed after 3 retries",
            "  Caused by: Failed to fetch: `https://registry.example/simple/httpx/`",
            "  Caused by: dns error",
        ],
        "error: Request failed after 3 retries Caused by: Failed to fetch: `https://registry.example/simple/httpx/` "
        "Caused by: dns error",
        UNREACHED,
    ),
    (
        "npm, a package that does not exist",
        [
            "npm error code E404",
            "npm error 404 Not Found - GET https://registry.example/nosuch - Not found",
            "npm error 404",
            "npm error 404  'nosuch@^1' is not in this registry.",
            "npm error A complete log of this run can be found in: ~/.npm/_logs/x.log",
        ],
        "npm error 404 'nosuch@^1' is not in this registry.",
        SOURCE,
    ),
    (
        "apt",
        ["Reading package lists...", "#6 3.1 E: Unable to locate package libnosuch"],
        "E: Unable to locate package libnosuch",
        SOURCE,
    ),
    (
        "a command of the buildspec",
        ["The source has no requirements.txt at its root."],
        "The source has no requirements.txt at its root.",
        SOURCE,
    ),
    (
        "a registry that throttles",
        [
            "ERROR: failed to solve: python:3.13: toomanyrequests: Rate exceeded",
        ],
        "ERROR: failed to solve: python:3.13: toomanyrequests: Rate exceeded",
        THROTTLED,
    ),
    (
        "a compiler whose line has the number 429",
        ["src/app.ts(429,5): error TS2304: Cannot find name 'x'."],
        "src/app.ts(429,5): error TS2304: Cannot find name 'x'.",
        SOURCE,
    ),
    (
        "a service that answers 429",
        ["error: HTTP status client error 429 for a package", "error: server said HTTP/1.1 429"],
        "error: server said HTTP/1.1 429",
        THROTTLED,
    ),
    (
        "pip whose index answers 429",
        ["ERROR: HTTP error 429 while getting x"],
        "ERROR: HTTP error 429 while getting x",
        THROTTLED,
    ),
    (
        "a registry that does not answer in time",
        [
            'Error response from daemon: Get "https://registry.example/v2/": net/http: request canceled while waiting '
            "for connection (Client.Timeout exceeded while awaiting headers)"
        ],
        'Error response from daemon: Get "https://registry.example/v2/": net/http: request canceled while waiting for '
        "connection (Client.Timeout exceeded while awaiting headers)",
        UNREACHED,
    ),
    (
        "a registry that is not available",
        [
            "ERROR: failed to solve: python:3.13: unexpected status from HEAD request to https://registry.example/v2: "
            "503 Service Unavailable"
        ],
        "ERROR: failed to solve: python:3.13: unexpected status from HEAD request to https://registry.example/v2: 503 "
        "Service Unavailable",
        "a service that the build asked is not available: retry later",
    ),
    (
        "the build's own role",
        ["error: AccessDeniedException: x is not authorized to perform: s3:PutObject"],
        "error: AccessDeniedException: x is not authorized to perform: s3:PutObject",
        "allow the action to the build's role (BuildRole in template.yaml)",
    ),
    (
        "a full disk",
        ["write /layer: no space left on device"],
        "write /layer: no space left on device",
        "the build's disk is full",
    ),
    (
        "only that a command failed",
        ["Step 4/5 : RUN ./check", "The command '/bin/sh -c ./check' returned a non-zero code: 3"],
        None,
        "look at its log, fix the cause and retry",
    ),
]


@pytest.mark.parametrize(
    ("lines", "line", "advice"), [k[1:] for k in KITS], ids=[k[0] for k in KITS]
)
def test_the_line_that_says_why_and_what_to_do(
    lines: list[str], line: str | None, advice: str
) -> None:
    text = why_failed(noted(*lines), build())
    where = f"its log: {GROUP} {STREAM}"
    if line is None:
        assert text == (
            f"build p:1 ended FAILED: phase BUILD FAILED: Error while executing command: {COMMAND}. Reason: exit "
            f"status 1; {where} (no line of it says why); {advice}"
        )
    else:
        assert text.startswith(
            f"build p:1 ended FAILED in phase BUILD; its log says: {line}; {advice}"
        )
        assert text.endswith(where)


SILENT = (
    "process \"/bin/sh -c curl -fsH 'X-Custom: s3cr3tvalue' https://x || echo error\" did not complete successfully: "
    "exit code: 22"
)


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (
            [
                "#7 [builder 2/4] RUN pip install x",
                "#8 [builder 3/4] RUN curl -fsH 'X-Custom: s3cr3tvalue' https://x || echo error",
                f"#8 ERROR: {SILENT}",
                "------",
                " > [builder 3/4] RUN curl -fsH 'X-Custom: s3cr3tvalue' https://x || echo error:",
                "------",
                "   4 | >>> RUN curl -fsH 'X-Custom: s3cr3tvalue' https://x || echo error",
            ],
            "step [builder 3/4]",
        ),
        ([], "a RUN"),
    ],
)
def test_of_a_command_that_says_nothing_only_the_step_and_the_exit_code_are_shown(
    before: list[str], step: str
) -> None:
    text = why_failed(noted(*before, f"ERROR: failed to solve: {SILENT}"), build())
    said = f"its log says: {step} did not complete successfully: exit code: 22; {SOURCE}"
    assert said in text
    assert "s3cr3t" not in text


def test_one_page_of_the_end_of_the_stream_is_read() -> None:
    log = noted("error: x")
    why_failed(log, build())
    (asked,) = log.asked
    assert asked == {
        "logGroupName": GROUP,
        "logStreamName": STREAM,
        "limit": 1000,
        "startFromHead": False,
    }


def test_a_line_is_bounded_and_without_credentials_and_colours() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
    url = "https://aws:topsecret@d.codeartifact.example/simple"
    text = why_failed(noted(f"\x1b[31merror: {url} {token} {'x' * 5000}\x1b[0m"), build())
    assert (
        "its log says: error: https://(hidden)@d.codeartifact.example/simple (hidden) xxx" in text
    )
    assert "topsecret" not in text
    assert token[:12] not in text
    assert len(text) < 500


@pytest.mark.parametrize(
    ("status", "phase", "advice"),
    [
        ("FAULT", "PROVISIONING", RETRY),
        ("STOPPED", "BUILD", "somebody stopped it: retry"),
        ("TIMED_OUT", "BUILD", "make the build shorter"),
        (
            "FAILED",
            "DOWNLOAD_SOURCE",
            "no command of the build ran, so the source is not the cause",
        ),
    ],
)
def test_what_is_not_the_sources_fault_quotes_no_line_of_the_log(
    status: str, phase: str, advice: str
) -> None:
    text = why_failed(noted("error: of the source"), build(status, phase, "the message"))
    assert f"ended {status}: phase {phase} {status}: the message; its log: {GROUP}" in text
    assert advice in text
    assert "of the source" not in text.replace("so the source is", "")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (
            ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetLogEvents"),
            "GetLogEvents: AccessDeniedException",
        ),
        (EndpointConnectionError(endpoint_url="x"), "GetLogEvents: EndpointConnectionError"),
    ],
)
def test_a_log_that_cannot_be_read_is_named_with_the_reason(error: Exception, why: str) -> None:
    text = why_failed(Log(error=error), build())
    assert f"its log: {GROUP} {STREAM} (this function could not read it: {why})" in text


@pytest.mark.parametrize(
    ("logs", "place"),
    [({}, "none was kept"), ({"deepLink": "https://l"}, "https://l"), ({"groupName": "g"}, "g")],
)
def test_a_build_without_a_log_stream_asks_nobody(logs: dict[str, str], place: str) -> None:
    log = noted("error: x")
    text = why_failed(log, {**build(), "logs": logs})
    assert f"its log: {place}; look at" in text
    assert log.asked == []


def test_a_long_message_of_codebuild_leaves_room_for_the_log() -> None:
    text = why_failed(Log(), build(message="m" * 3000))
    assert len(text) < 700
    assert f"{GROUP} {STREAM}" in text

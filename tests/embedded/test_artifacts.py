"""Every artifact: built or given, image or zip, and each way in which a source can be wrong."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.embedded
ECHO = (Path(__file__).parent / "agents" / "echo" / "main.py").read_text(encoding="utf-8")
READS = ("Get", "Describe", "List", "Head", "BatchGet")
IAM = {"auth": {"type": "iam"}, "smokeTest": {"expect": "echo of"}}


def runtime_of(lifecycle: Any, run: Any) -> dict[str, Any]:
    control = lifecycle.aws.client("bedrock-agentcore-control")
    found: dict[str, Any] = control.get_agent_runtime(agentRuntimeId=run.output["runtime"]["id"])
    return found


def writes_since(lifecycle: Any, before: float) -> list[str]:
    """What the functions called that is no look at something."""
    return [
        str(call.operation)
        for call in lifecycle.aws.calls.calls(since=before)
        if call.caller
        and call.caller.kind == "function"
        and not str(call.operation).startswith(READS)
    ]


def test_a_container_from_a_source_in_s3_is_built_once_a_content(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    name = environment()
    own = {"content.txt": name}  # of no other test
    source = uploaded("echo", f"uploads/{name}.zip", **own)
    given = {**IAM, "environment": name, "artifact": {"source": source}}
    first = lifecycle.run(given)
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    artifact = first.output["artifact"]
    assert (artifact["type"], artifact["built"]) == ("container", True)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", artifact["digest"])
    assert artifact["containerUri"].endswith(f"@{artifact['digest']}")
    deployed = runtime_of(lifecycle, first)["agentRuntimeArtifact"]
    assert deployed == {"containerConfiguration": {"containerUri": artifact["containerUri"]}}

    # The same files, zipped and uploaded again, are the same content.
    uploaded("echo", f"uploads/{name}.zip", **own)
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["artifact"]["built"] is False
    assert again.output["artifact"]["containerUri"] == artifact["containerUri"]
    assert again.output["runtime"]["version"] == "1"

    newer = own | {"main.py": ECHO.replace("echo", "2nd echo")}
    uploaded("echo", f"uploads/{name}.zip", **newer)
    changed = lifecycle.run(given)
    assert changed.status == "SUCCEEDED", (changed.error, changed.cause)
    assert changed.output["artifact"]["built"] is True
    assert "2nd echo of" in changed.output["smokeTest"]["answer"]
    assert changed.output["promotion"]["version"] == "2"

    # A version of the source that is named is what is built, whatever lies above it.
    versions = lifecycle.aws.client("s3").list_object_versions(
        Bucket=source["bucket"], Prefix=source["key"]
    )["Versions"]
    oldest = min(versions, key=lambda version: version["LastModified"])["VersionId"]
    pinned = lifecycle.run({**given, "artifact": {"source": {**source, "versionId": oldest}}})
    assert pinned.status == "SUCCEEDED", (pinned.error, pinned.cause)
    assert pinned.output["artifact"]["containerUri"] == artifact["containerUri"]


def test_our_agent_as_a_code_zip_runs_from_a_pinned_version(
    lifecycle: Any, environment: Callable[[], str]
) -> None:
    run = lifecycle.run({"environment": environment(), "artifact": {"type": "code"}})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    artifact = run.output["artifact"]
    assert artifact["type"] == "code"
    assert artifact["bucket"] == lifecycle.aws.outputs["ArtifactBucketName"]
    code = runtime_of(lifecycle, run)["agentRuntimeArtifact"]["codeConfiguration"]
    assert code["code"]["s3"] == {
        "bucket": artifact["bucket"],
        "prefix": artifact["key"],
        "versionId": artifact["versionId"],
    }
    head = lifecycle.aws.client("s3").head_object(Bucket=artifact["bucket"], Key=artifact["key"])
    assert head["VersionId"] == artifact["versionId"]
    assert json.loads(run.output["smokeTest"]["answer"])["toolsUsed"] == ["weather"]


def test_another_agent_as_a_code_zip_needs_nothing_of_ours(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    """Not even OpenTelemetry: what its requirements do not name is not there."""
    run = lifecycle.run(
        {
            **IAM,
            "environment": environment(),
            "artifact": {"type": "code", "source": uploaded("echo")},
        }
    )
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert "echo of" in run.output["smokeTest"]["answer"]


def test_an_image_that_is_given_is_pinned_and_not_built(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    repository, digest = tiny["containerUri"].split("@")
    images = lifecycle.aws.client("ecr").describe_images(
        repositoryName=repository.split("/", 1)[1], imageIds=[{"imageDigest": digest}]
    )
    (tag,) = images["imageDetails"][0]["imageTags"]
    before = time.time()
    run = lifecycle.run(
        {**IAM, "environment": environment(), "artifact": {"containerUri": f"{repository}:{tag}"}}
    )
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert run.output["artifact"]["built"] is False
    assert run.output["artifact"]["containerUri"] == tiny["containerUri"]
    assert "StartBuild" not in writes_since(lifecycle, before)


def test_an_image_that_is_not_there_is_said(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    uri = tiny["containerUri"].split("@")[0] + ":nowhere"
    run = lifecycle.run({**IAM, "environment": environment(), "artifact": {"containerUri": uri}})
    assert (run.status, run.error) == ("FAILED", "ArtifactBuildError")
    assert uri in run.cause


def test_a_change_between_image_and_zip_is_refused_before_anything_is_touched(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    uploaded: Callable[..., dict[str, str]],
) -> None:
    name, source = environment(), uploaded("echo")
    made = lifecycle.run({**IAM, "environment": name, "artifact": tiny})
    assert made.status == "SUCCEEDED", (made.error, made.cause)
    record, before = lifecycle.record(name), time.time()
    run = lifecycle.run(
        {**IAM, "environment": name, "artifact": {"type": "code", "source": source}}
    )
    assert (run.status, run.error) == ("FAILED", "ArtifactChangeError")
    assert name in run.cause
    # The failure is announced; the record is as it was, and nobody else was asked for anything.
    assert writes_since(lifecycle, before) == ["PutEvents"]
    assert lifecycle.record(name) == record
    assert lifecycle.run({**IAM, "environment": name, "artifact": tiny}).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("kind", "files", "words"),
    [
        (
            "container",
            {"Dockerfile": "FROM python:3.13-slim\nRUN echo the cat ate it >&2; exit 7\n"},
            "its log says: step [2/2] ended with exit status 7",
        ),
        (
            "code",
            {"requirements.txt": "no-such-package-of-anybody==99.99\n"},
            "no-such-package-of-anybody",
        ),
    ],
)
def test_a_build_that_fails_says_what_failed_and_where_its_log_is(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    kind: str,
    files: dict[str, str],
    words: str,
) -> None:
    name = environment()
    source = uploaded("echo", f"uploads/{name}.zip", **files)
    run = lifecycle.run({**IAM, "environment": name, "artifact": {"type": kind, "source": source}})
    assert (run.status, run.error) == ("FAILED", "ArtifactBuildError")
    assert words in run.cause
    found = re.search(r"its log: (/aws/codebuild/\S+) (\S+)$", run.cause)
    assert found, run.cause
    events = lifecycle.aws.client("logs").get_log_events(
        logGroupName=found[1], logStreamName=found[2], startFromHead=True
    )["events"]
    log = "\n".join(event["message"] for event in events)
    assert ("the cat ate it" if kind == "container" else "no-such-package-of-anybody") in log

    # Mended and started again, the same environment gets there.
    uploaded("echo", f"uploads/{name}.zip")
    mended = lifecycle.run(
        {**IAM, "environment": name, "artifact": {"type": kind, "source": source}}
    )
    assert mended.status == "SUCCEEDED", (mended.error, mended.cause)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (None, "does not exist"),
        (b"this is no zip at all", "cannot be read as a zip"),
    ],
)
def test_a_source_that_cannot_be_read_is_said(
    lifecycle: Any, environment: Callable[[], str], body: bytes | None, sentence: str
) -> None:
    name = environment()
    bucket, key = lifecycle.aws.outputs["ArtifactBucketName"], f"uploads/{name}"
    if body is not None:
        lifecycle.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    before = time.time()
    run = lifecycle.run(
        {**IAM, "environment": name, "artifact": {"source": {"bucket": bucket, "key": key}}}
    )
    assert (run.status, run.error) == ("FAILED", "ArtifactBuildError")
    assert f"s3://{bucket}/{key}" in run.cause
    assert sentence in run.cause
    assert "StartBuild" not in writes_since(lifecycle, before)


def test_a_source_in_a_bucket_of_the_teams_own_is_read_if_the_stack_names_it(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    s3 = lifecycle.aws.client("s3")
    here = uploaded("echo")
    for bucket in ("the-teams-own-agents", "somebody-elses"):
        s3.create_bucket(Bucket=bucket)
        s3.copy_object(
            Bucket=bucket,
            Key="agent.zip",
            CopySource={"Bucket": here["bucket"], "Key": here["key"]},
        )

    def provision(bucket: str) -> Any:
        source = {"bucket": bucket, "key": "agent.zip"}
        return lifecycle.run(
            {
                "environment": environment(),
                "artifact": {"source": source},
                "auth": {"type": "iam"},
                "smokeTest": {"expect": "echo of"},
            }
        )

    named = provision("the-teams-own-agents")
    assert named.status == "SUCCEEDED", (named.error, named.cause)
    other = provision("somebody-elses")
    assert (other.status, other.error) == ("FAILED", "ArtifactBuildError")
    assert "s3://somebody-elses/agent.zip may not be read" in other.cause
    assert "SourceBucket" in other.cause


@pytest.mark.parametrize("kind", ["code", "container"])
def test_a_module_that_is_missing_is_named_in_the_cause_with_the_log_group(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    kind: str,
) -> None:
    name = environment()
    source = uploaded(
        "echo", f"uploads/{name}.zip", **{"main.py": f"import no_such_module\n{ECHO}"}
    )
    run = lifecycle.run({**IAM, "environment": name, "artifact": {"type": kind, "source": source}})
    assert (run.status, run.error) == ("FAILED", "SmokeTestError")
    assert "ModuleNotFoundError: No module named 'no_such_module'" in run.cause
    assert "add what is missing to the agent's requirements.txt" in run.cause
    found = re.search(r"its log group (/aws/bedrock-agentcore/runtimes/\S+-DEFAULT):", run.cause)
    assert found, run.cause
    events = lifecycle.aws.client("logs").filter_log_events(logGroupName=found[1])["events"]
    assert any("no_such_module" in event["message"] for event in events)

"""CodeBuild as boto3 and the AWS CLI's protocol meet it: projects, phases, logs, time-outs, stops."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

Spec = Callable[..., str]


def phases(build: dict[str, Any]) -> dict[str, str]:
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}


def message(build: dict[str, Any]) -> str:
    found = [p for p in build["phases"] if p.get("phaseStatus") not in (None, "SUCCEEDED")]
    return str(found[0]["contexts"][0]["message"])


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_a_build_runs_its_commands_as_one_shell(account: Any, spec: Spec) -> None:
    account.client("secretsmanager").create_secret(Name="s", SecretString='{"key": "k1"}')
    account.client("ssm").put_parameter(Name="/p", Value="v1", Type="SecureString")
    build = account.run(
        spec(
            install=[
                "plain=1; export EXPORTED=2; mkdir sub; cd sub",
                "double() { echo $(($1*2)); }",
            ],
            build=['echo "$plain $EXPORTED ${PWD##*/} $(double 21) $FROM_CALL $SECRET $PARAMETER"'],
            post_build=["exit 0", "echo after exit"],
        ),
        environmentVariablesOverride=[
            {"name": "FROM_CALL", "value": "from call"},
            {"name": "SECRET", "value": "s:key", "type": "SECRETS_MANAGER"},
            {"name": "PARAMETER", "value": "/p", "type": "PARAMETER_STORE"},
        ],
    )
    assert build["buildStatus"] == "SUCCEEDED", account.log(build)
    lines = account.log(build).splitlines()
    assert "1 2 sub 42 from call k1 v1" in lines
    assert "after exit" in lines
    expected = (
        "SUBMITTED QUEUED PROVISIONING DOWNLOAD_SOURCE INSTALL PRE_BUILD BUILD POST_BUILD"
        " UPLOAD_ARTIFACTS FINALIZING"
    )
    assert phases(build) == dict.fromkeys(expected.split(), "SUCCEEDED") | {"COMPLETED": ""}
    shape = account.client("codebuild").meta.service_model.shape_for("Build")
    validate_parameters(build, shape)


def test_builds_act_as_their_service_role(account: Any, spec: Spec) -> None:
    build = account.run(spec(build=["echo key=$AWS_ACCESS_KEY_ID at=$AWS_ENDPOINT_URL", "id -u"]))
    (key,) = [line for line in account.log(build).splitlines() if line.startswith("key=")]
    issued = account.credentials.find(key.split()[0].removeprefix("key="))
    assert issued.principal.name == "build"
    assert issued.principal.role_arn == "arn:aws:iam::123456789012:role/build"


@pytest.mark.parametrize(
    ("failing", "ran", "skipped"),
    [
        ("install", ["INSTALL"], ["PRE_BUILD", "BUILD", "POST_BUILD"]),
        ("pre_build", ["INSTALL", "PRE_BUILD"], ["BUILD", "POST_BUILD"]),
        ("build", ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"], []),
        ("post_build", ["POST_BUILD"], []),
    ],
)
def test_a_failing_command_ends_the_build(
    account: Any, spec: Spec, failing: str, ran: list[str], skipped: list[str]
) -> None:
    commands = {name: ["true"] for name in ("install", "pre_build", "build", "post_build")}
    build = account.run(spec(**commands | {failing: ["sh -c 'exit 3'", "echo never"]}))
    assert build["buildStatus"] == "FAILED"
    assert phases(build)[failing.upper()] == "FAILED"
    assert set(ran) <= phases(build).keys()
    assert not set(skipped) & phases(build).keys()
    assert "FINALIZING" in phases(build)
    assert message(build) == "Error while executing command: sh -c 'exit 3'. Reason: exit status 3"
    assert "never" not in account.log(build).splitlines()


def test_finally_and_continue(account: Any) -> None:
    build = account.run(
        """
version: 0.2
env:
  variables: {GREETING: hello}
  exported-variables: [GREETING]
phases:
  pre_build:
    on-failure: CONTINUE
    commands: ["false"]
    finally: ["echo at last"]
  build:
    commands: ["echo goes on", "export GREETING=bye"]
"""
    )
    assert build["buildStatus"] == "SUCCEEDED"
    assert {"at last", "goes on"} <= set(account.log(build).splitlines())
    assert build["exportedEnvironmentVariables"] == [{"name": "GREETING", "value": "bye"}]


@pytest.mark.parametrize(
    ("buildspec", "said"),
    [
        ("a.yml", "YAML file does not exist: a.yml"),
        ("version: 0.2\nphases: [\n", "not YAML"),
        ("version: 0.1\nphases: {}\n", "has to be 0.2"),
        ("version: 0.2\nenv: {}\n", "has no phases"),
        ("version: 0.2\nphases:\n  deploy: {}\n", "does not support: deploy"),
        ("version: 0.2\nphases:\n  build:\n    commands: [{a: b}]\n", "is not a command"),
    ],
)
def test_a_bad_buildspec_is_said(account: Any, buildspec: str, said: str) -> None:
    build = account.run(buildspec)
    assert build["buildStatus"] == "FAILED"
    assert phases(build)["DOWNLOAD_SOURCE"] == "FAILED"
    assert said in message(build)


def test_the_source_is_there_with_its_version(account: Any, spec: Spec) -> None:
    old = account.source({"file": "old", "buildspec.yml": spec(build=["cat file"])})
    version = account.client("s3").head_object(Bucket="sources", Key="a/source.zip")["VersionId"]
    account.source({"file": "new", "buildspec.yml": "x"})
    account.project("versions")
    started = account.client("codebuild").start_build(
        projectName="versions",
        sourceTypeOverride="S3",
        sourceLocationOverride=old,
        sourceVersion=version,
        buildspecOverride="buildspec.yml",
    )
    build = account.finish(started["build"])
    assert build["buildStatus"] == "SUCCEEDED", account.log(build)
    assert build["resolvedSourceVersion"] == version
    assert "old" in account.log(build).splitlines()


def test_a_source_that_is_not_there(account: Any, spec: Spec) -> None:
    where = {"sourceTypeOverride": "S3", "sourceLocationOverride": "sources/nothing.zip"}
    build = account.run(spec(build=["true"]), **where)
    assert (build["buildStatus"], phases(build)["DOWNLOAD_SOURCE"]) == ("FAILED", "FAILED")
    assert "nothing.zip" in message(build)
    assert "BUILD" not in phases(build)


def test_a_build_is_stopped_with_all_its_processes(
    account: Any, spec: Spec, tmp_path: Path
) -> None:
    account.project("slow", spec(build=[f"(sleep 1; touch {tmp_path}/late) & echo up; sleep 60"]))
    client = account.client("codebuild")
    started = client.start_build(projectName="slow")["build"]
    deadline = time.monotonic() + 20
    while client.batch_get_builds(ids=[started["id"]])["builds"][0]["currentPhase"] != "BUILD":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    stopped = client.stop_build(id=started["id"])["build"]
    assert (stopped["buildStatus"], stopped["buildComplete"]) == ("STOPPED", True)
    assert client.stop_build(id=started["id"])["build"] == stopped
    time.sleep(1.2)
    assert not (tmp_path / "late").exists()


def test_a_build_that_takes_too_long(account: Any, spec: Spec) -> None:
    account.project("late", spec(build=["sleep 60"]))
    # Minutes are the smallest unit of the API (5 at least), so the stored project is changed.
    account.codebuild._projects.get("late")["timeoutInMinutes"] = 0.02
    build = account.finish(account.client("codebuild").start_build(projectName="late")["build"])
    assert build["buildStatus"] == "TIMED_OUT"
    assert phases(build)["BUILD"] == "TIMED_OUT"
    assert "POST_BUILD" not in phases(build)


def test_a_third_build_waits_for_its_turn(account: Any, spec: Spec, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    account.project("queue", spec(build=[f"until [ -e {gate} ]; do sleep 0.05; done"]))
    client = account.client("codebuild")
    ids = [client.start_build(projectName="queue")["build"]["id"] for _ in range(3)]

    def now() -> list[str]:
        builds = {b["id"]: b for b in client.batch_get_builds(ids=ids)["builds"]}
        return sorted(builds[each]["currentPhase"] for each in ids)

    deadline = time.monotonic() + 20
    try:
        while now() != ["BUILD", "BUILD", "QUEUED"]:
            assert time.monotonic() < deadline, now()
            time.sleep(0.05)
    finally:
        gate.touch()
    assert [account.finish({"id": each})["buildStatus"] for each in ids] == ["SUCCEEDED"] * 3
    newest_first = client.list_builds_for_project(projectName="queue")["ids"]
    assert newest_first == ids[::-1]
    numbers = [b["buildNumber"] for b in client.batch_get_builds(ids=ids)["builds"]]
    assert numbers == [1, 2, 3]


def test_a_token_starts_one_build(account: Any, spec: Spec) -> None:
    account.project("token", spec(build=["true"]))
    client = account.client("codebuild")
    answers: list[str] = []

    def start() -> None:
        build = client.start_build(projectName="token", idempotencyToken="t" * 40)["build"]
        answers.append(build["id"])

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    with pytest.raises(ClientError) as caught:
        client.start_build(
            projectName="token", idempotencyToken="t" * 40, sourceVersion="something else"
        )
    assert code_of(caught) == "InvalidInputException"


def test_projects_are_kept(account: Any) -> None:
    client = account.client("codebuild")
    account.project("kept", timeoutInMinutes=7, tags=[{"key": "k", "value": "v"}])
    client.update_project(name="kept", description="new")
    (project,) = client.batch_get_projects(names=["kept", "nobody"])["projects"]
    validate_parameters(project, client.meta.service_model.shape_for("Project"))
    assert (project["description"], project["timeoutInMinutes"]) == ("new", 7)
    assert project["arn"] == "arn:aws:codebuild:us-east-1:123456789012:project/kept"
    with pytest.raises(ClientError) as caught:
        account.project("kept")
    assert code_of(caught) == "ResourceAlreadyExistsException"
    client.delete_project(name="kept")
    client.delete_project(name="kept")
    assert client.batch_get_projects(names=["kept"])["projectsNotFound"] == ["kept"]


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("start_build", {"projectName": "nobody"}, "ResourceNotFoundException"),
        ("update_project", {"name": "nobody"}, "ResourceNotFoundException"),
        ("stop_build", {"id": "nobody:1"}, "ResourceNotFoundException"),
        ("list_builds_for_project", {"projectName": "nobody"}, "ResourceNotFoundException"),
        ("list_fleets", {}, "UnknownOperationException"),
    ],
)
def test_what_is_not_there(
    account: Any, operation: str, parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(account.client("codebuild"), operation)(**parameters)
    assert code_of(caught) == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_kinds_that_cannot_be_built_here_are_refused(account: Any) -> None:
    account.project("kinds")
    client = account.client("codebuild")
    for overrides in (
        {"sourceTypeOverride": "GITHUB", "sourceLocationOverride": "x"},
        {"sourceTypeOverride": "S3"},
    ):
        with pytest.raises(ClientError) as caught:
            client.start_build(projectName="kinds", **overrides)
        assert code_of(caught) == "InvalidInputException"
    with pytest.raises(ClientError) as caught:
        account.project("no spaces")
    assert code_of(caught) == "InvalidInputException"


def call_json(account: Any, target: str, body: str) -> httpx.Response:
    """Speak JSON 1.1, as SDKs without RPC v2 CBOR do."""
    return httpx.post(
        f"http://127.0.0.1:{account.server.port}/",
        content=body,
        headers={
            "X-Amz-Target": f"CodeBuild_20161006.{target}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/codebuild/x",
        },
    )


def test_json_clients_are_served_too(account: Any, spec: Spec) -> None:
    build = account.run(spec(build=["true"]))
    got = call_json(account, "BatchGetBuilds", json.dumps({"ids": [build["id"]]}))
    assert got.headers["content-type"] == "application/x-amz-json-1.1"
    (read,) = got.json()["builds"]
    assert read["startTime"] == pytest.approx(build["startTime"].timestamp(), abs=0.01)
    missing = call_json(account, "StartBuild", '{"projectName": "nobody"}')
    assert missing.status_code == 400
    assert missing.json()["__type"] == "ResourceNotFoundException"
    assert call_json(account, "StartBuild", "{}").json()["__type"] == "InvalidInputException"
    assert call_json(account, "StartBuild", "{").json()["__type"] == "SerializationException"


def test_nothing_is_left_of_finished_builds(account: Any) -> None:
    builds = account.folder / "builds"
    deadline = time.monotonic() + 10
    while any(builds.iterdir()):
        assert time.monotonic() < deadline, [*builds.iterdir()]
        time.sleep(0.05)

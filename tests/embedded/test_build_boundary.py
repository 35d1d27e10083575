"""What the code of a source can do in its build, with all rights of the build, changes no artifact but its own."""

from __future__ import annotations

import base64
import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.services.build.docker import MANIFEST_TYPE

pytestmark = pytest.mark.embedded
ECHO = (Path(__file__).parent / "agents" / "echo" / "main.py").read_text(encoding="utf-8")
IAM = {"auth": {"type": "iam"}, "smokeTest": {"expect": "echo of"}}


EVIL_MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": "x", "size": 1, "digest": f"sha256:{'e' * 64}"},
        "layers": [{"mediaType": "x", "size": 1, "digest": f"sha256:{'e' * 64}"}],
    }
)


def evil_zip() -> bytes:
    """An agent that AgentCore would run in place of another's, and that passes its smoke test."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("main.py", ECHO.replace("echo of", "evil echo of"))
    return data.getvalue()


ATTACKER = """
import base64, boto3, json, os
from botocore.config import Config
from botocore.exceptions import ClientError
for name, (service, operation, arguments) in json.loads(os.environ["ATTEMPTS"]).items():
    if "Body" in arguments:
        arguments["Body"] = base64.b64decode(os.environ["EVIL"])
    client = boto3.client(service, config=Config(s3={"addressing_style": "path"}))
    try:
        getattr(client, operation)(**arguments)
        print(f"ATTEMPT {name}: done")
    except ClientError as error:
        print(f"ATTEMPT {name}: {error.response['Error']['Code']}")
"""
Attempt = tuple[str, str, dict[str, Any]]


def attack(lifecycle: Any, attempts: dict[str, Attempt]) -> dict[str, str]:
    """Make calls from a build of the stack's project; returns what became of each: `done`, or the error's code."""
    codebuild = lifecycle.aws.client("codebuild")
    (project,) = codebuild.list_projects()["projects"]
    variables = {
        "ATTACKER": ATTACKER,
        "ATTEMPTS": json.dumps(attempts),
        "EVIL": base64.b64encode(evil_zip()).decode(),
    }
    build = codebuild.start_build(
        projectName=project,
        buildspecOverride='version: 0.2\nphases: {build: {commands: [python3 -c "$ATTACKER"]}}\n',
        environmentVariablesOverride=[{"name": n, "value": v} for n, v in variables.items()],
    )["build"]
    deadline = time.monotonic() + 300
    while not (found := codebuild.batch_get_builds(ids=[build["id"]])["builds"][0])[
        "buildComplete"
    ]:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    events = lifecycle.aws.client("logs").get_log_events(
        logGroupName=found["logs"]["groupName"], logStreamName=found["logs"]["streamName"]
    )["events"]
    log = "\n".join(event["message"] for event in events)
    assert found["buildStatus"] == "SUCCEEDED", log
    return dict(re.findall(r"^ATTEMPT ([^:]+): (\w+)$", log, re.MULTILINE))


@pytest.fixture
def tidy(lifecycle: Any, environment: Callable[[], str]) -> Iterator[None]:
    """Removes what an attack leaves in the staging place, where S3's own rule does it after a day.

    It goes before `environment` looks for what is left.
    """
    yield
    s3, bucket = lifecycle.aws.client("s3"), lifecycle.aws.outputs["ArtifactBucketName"]
    found = s3.list_object_versions(Bucket=bucket, Prefix="builds/attack/")
    for one in found.get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("kind", ["code", "container"])
def test_a_build_replaces_nothing_of_another_environment(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    kind: str,
) -> None:
    shop = environment()
    source = uploaded("echo", f"uploads/{shop}.zip", **{"content.txt": shop})
    given = {**IAM, "environment": shop, "artifact": {"type": kind, "source": source}}
    first = lifecycle.run(given)
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    artifact, outputs = first.output["artifact"], lifecycle.aws.outputs
    bucket, repository = outputs["ArtifactBucketName"], outputs["RepositoryUri"].split("/", 1)[1]
    key = artifact.get("key") or "packages/none.zip"
    place = key.removeprefix("packages/").removesuffix(".zip")
    staged = [name for name in lifecycle.objects("builds/") if place in name]
    tags = [
        tag
        for image in lifecycle.aws.client("ecr").describe_images(repositoryName=repository)[
            "imageDetails"
        ]
        for tag in image.get("imageTags", [])
        if artifact["sourceHash"] in tag
    ]
    tag = tags[0] if tags else "x-y"
    images: dict[str, Any] = {"repositoryName": repository}

    def put(where: str) -> Attempt:
        return "s3", "put_object", {"Bucket": bucket, "Key": where, "Body": ""}

    said = attack(
        lifecycle,
        {
            "the zip that it deploys": put(key),
            "what is built": put(f"build-sources/{place}.zip"),
            "where a former stack kept it": put(f"environments/{shop}/package/x.zip"),
            "what its build has put": put((staged or ["builds/attack/x.zip"])[0]),
            "its zip read": ("s3", "get_object", {"Bucket": bucket, "Key": key}),
            "all keys": ("s3", "list_objects_v2", {"Bucket": bucket}),
            "its tag": (
                "ecr",
                "put_image",
                {**images, "imageTag": tag, "imageManifest": EVIL_MANIFEST},
            ),
            "its image deleted": (
                "ecr",
                "batch_delete_image",
                {**images, "imageIds": [{"imageTag": tag}]},
            ),
            "all images": ("ecr", "list_images", images),
            "its layers": (
                "ecr",
                "get_download_url_for_layer",
                {**images, "layerDigest": f"sha256:{'0' * 64}"},
            ),
            "its item": ("dynamodb", "scan", {"TableName": outputs["ArtifactsTableName"]}),
            "its record": ("dynamodb", "scan", {"TableName": outputs["EnvironmentsTableName"]}),
            "an execution": (
                "stepfunctions",
                "start_execution",
                {"stateMachineArn": outputs["StateMachineArn"]},
            ),
            "another build": ("codebuild", "list_projects", {}),
            "its secret": ("secretsmanager", "list_secrets", {}),
        },
    )
    ignored = {"what its build has put": "done"}
    # Tags are immutable. (moto has another code than ECR's ImageTagAlreadyExistsException.)
    ignored["its tag"] = "ImageAlreadyExistsException" if tags else "done"
    refused = {name: code for name, code in said.items() if name not in ignored}
    assert len(refused) == 13
    assert {code.removesuffix("Exception") for code in refused.values()} == {"AccessDenied"}, said
    assert {name: said[name] for name in ignored} == ignored

    # The same source again, and another environment of the same source: neither is the attacker's.
    before = time.time()
    again = lifecycle.run(given)
    other = lifecycle.run({**given, "environment": environment()})
    for run in (again, other):
        assert run.status == "SUCCEEDED", (run.error, run.cause)
        assert run.output["smokeTest"]["answer"].startswith('{"answer": "echo of')
        for pin in ("digest", "key", "versionId"):
            assert run.output["artifact"].get(pin) == artifact.get(pin)
    assert again.output["change"] == "unchanged"
    assert "StartBuild" not in [call.operation for call in lifecycle.aws.calls.calls(since=before)]
    if not tags:
        lifecycle.aws.client("ecr").batch_delete_image(
            repositoryName=repository, imageIds=[{"imageTag": "x-y"}]
        )


def test_environments_of_one_source_that_start_at_once_are_one_build(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    names = [environment() for _ in range(4)]
    source = uploaded("echo", f"uploads/{names[0]}.zip", **{"content.txt": names[0]})
    codebuild = lifecycle.aws.client("codebuild")
    (project,) = codebuild.list_projects()["projects"]
    before = len(codebuild.list_builds_for_project(projectName=project)["ids"])
    arns = [
        lifecycle.start({**IAM, "environment": name, "artifact": {"source": source}})
        for name in names
    ]
    runs = [lifecycle.finish(arn) for arn in arns]
    assert [(run.status, run.error, run.cause) for run in runs] == [("SUCCEEDED", None, None)] * 4
    assert len(codebuild.list_builds_for_project(projectName=project)["ids"]) == before + 1
    assert len({run.output["artifact"]["digest"] for run in runs}) == 1
    assert sum(run.output["artifact"]["built"] for run in runs) == 1
    # One by one they go; the artifact goes with the last of them.
    for name in names:
        (item,) = [item for item in lifecycle.artifacts() if name in item["usedBy"]]
        gone = lifecycle.run({"action": "teardown", "environment": name})
        assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
        removed = [
            text for text in gone.output["teardown"]["removed"] if item["contentHash"] in text
        ]
        assert bool(removed) == (name == names[-1])

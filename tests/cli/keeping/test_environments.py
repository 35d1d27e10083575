"""Environments from one local AWS to the next: noted at the end, provisioned again at the start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli.errors import CommandError
from cli.keeping.environments import Keeping
from cli.keeping.notes import Notes
from cli.target.denied import DeniedError
from lifecycle.record import Record
from tests.cli.commands.conftest import TABLE, Machines, Place, create_table
from tests.cli.commands.records import ready

BUCKET = "artifacts"
SOURCE = {"bucket": BUCKET, "key": "sources/weather.zip"}


@dataclass
class Aws:
    """A local AWS that can be started again: everything in it is gone then.

    Attributes:
        place: Its stack.
        said: What the user was told.
    """

    place: Place
    folder: Path
    said: list[str] = field(default_factory=list)

    def keeping(self) -> Keeping:
        notes = Notes(self.folder)
        return Keeping(self.place, notes, notes.read(), self.said.append)  # type: ignore[arg-type]

    def restart(self, bucket: str) -> None:
        dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
        dynamodb.delete_table(TableName=TABLE)
        create_table()
        for made in s3.list_buckets()["Buckets"]:
            for one in s3.list_object_versions(Bucket=made["Name"]).get("Versions", []):
                s3.delete_object(Bucket=made["Name"], Key=one["Key"], VersionId=one["VersionId"])
            s3.delete_bucket(Bucket=made["Name"])
        self.place.outputs["ArtifactBucketName"] = bucket
        make(bucket)

    def started(self) -> list[dict[str, Any]]:
        return [json.loads(one["input"]) for one in self.place.machines.started]


def make(bucket: str) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def read(where: dict[str, Any]) -> bytes:
    more = {"VersionId": where["versionId"]} if where.get("versionId") else {}
    found = boto3.client("s3").get_object(Bucket=where["bucket"], Key=where["key"], **more)
    body: bytes = found["Body"].read()
    return body


def sourced(source: dict[str, Any], **changes: Any) -> Record:
    return ready("weather", request={"artifact": {"source": source}}, **changes)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, story: Any, serve: Any, tmp_path: Path) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    place = Place(Machines(story, serve))
    place.outputs["ArtifactBucketName"] = BUCKET
    with mock_aws():
        create_table()
        make(BUCKET)
        yield Aws(place, tmp_path / "up.kept")


def test_an_environment_is_provisioned_again_with_its_input_and_source(
    aws: Aws, story: Any
) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=SOURCE["key"], Body=b"the agent")
    aws.place.put(sourced(SOURCE))
    assert aws.keeping().note() == ["weather"]
    aws.restart("artifacts-of-the-next")
    story.succeed({})
    keeping = aws.keeping()
    assert keeping.names() == ["weather"]
    keeping.provision_again()
    (value,) = aws.started()
    source = value["artifact"]["source"]
    assert (value["environment"], value["action"], value["teardown"]) == (
        "weather",
        "provision",
        "never",
    )
    assert source == {"bucket": "artifacts-of-the-next", "key": SOURCE["key"]}
    assert read(source) == b"the agent"
    assert aws.said == ["weather is provisioned again."]
    assert keeping.names() == []


def test_each_version_that_an_input_names_is_there_again(aws: Aws, story: Any) -> None:
    s3 = boto3.client("s3")
    make("theirs")
    versions = [
        s3.put_object(Bucket="theirs", Key="a.zip", Body=body)["VersionId"]
        for body in (b"first", b"second", b"third")
    ]
    where = [{"bucket": "theirs", "key": "a.zip", "versionId": version} for version in versions[:2]]
    targets = [{"toolSchema": {"s3": one}} for one in where]
    aws.place.put(ready("weather", request={"gateway": {"targets": targets}}))
    aws.keeping().note()
    aws.restart(BUCKET)
    story.succeed({})
    aws.keeping().provision_again()
    (value,) = aws.started()
    found = [one["toolSchema"]["s3"] for one in value["gateway"]["targets"]]
    assert [read(one) for one in found] == [b"first", b"second"]
    assert [one["versionId"] for one in found] != versions[:2]


def test_what_was_torn_down_is_not_kept(aws: Aws, story: Any) -> None:
    aws.place.put(ready("weather"))
    aws.keeping().note()
    aws.restart(BUCKET)
    story.succeed({})
    keeping = aws.keeping()
    keeping.provision_again()
    assert keeping.note() == []
    assert not aws.folder.exists()


@pytest.mark.parametrize(
    "record", [ready("weather", state="REMOVING"), ready("weather", request=None)]
)
def test_what_is_being_removed_or_was_never_provisioned_is_not_kept(
    aws: Aws, record: Record
) -> None:
    aws.place.put(record)
    assert aws.keeping().note() == []


def test_a_failed_provision_keeps_what_live_serves(aws: Aws) -> None:
    proven, last = ({"smokeTest": {"prompt": text}} for text in ("proven", "last"))
    aws.place.put(ready("served", state="FAILED", request=last, proven_request=proven))
    aws.place.put(ready("never", state="FAILED", request=last))
    aws.place.put(ready("fine", request=last, proven_request=proven))
    aws.keeping().note()
    kept = {path.stem: json.loads(path.read_text())["input"] for path in aws.folder.glob("*.json")}
    prompts = {name: value["smokeTest"]["prompt"] for name, value in kept.items()}
    assert prompts == {"served": "proven", "never": "last", "fine": "last"}


def test_one_that_fails_is_told_and_stays_noted(
    aws: Aws, story: Any, caplog: pytest.LogCaptureFixture
) -> None:
    aws.place.put(ready("weather"))
    aws.keeping().note()
    aws.restart(BUCKET)
    story.fail("SmokeTestError", "it was\nsilent")
    keeping = aws.keeping()
    keeping.provision_again()
    (said,) = aws.said
    assert said.startswith(
        "weather was not provisioned again: SmokeTestError: it was silent. Its input"
    )
    assert said in caplog.messages
    # The execution failed before it wrote a record: without the note, its input would be gone.
    assert keeping.note() == ["weather"]


def test_one_that_cannot_start_does_not_hold_up_the_others(
    aws: Aws, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        aws.place.put(ready(name))
    aws.keeping().note()
    aws.restart(BUCKET)
    story.succeed({})
    starts = aws.place.machines.start_execution

    def start(**arguments: Any) -> dict[str, Any]:
        if json.loads(arguments["input"])["environment"] == "first":
            raise CommandError("no")
        return starts(**arguments)

    monkeypatch.setattr(aws.place.machines, "start_execution", start)
    keeping = aws.keeping()
    keeping.provision_again()
    assert [text.partition(" (")[0][:40] for text in aws.said] == [
        "first was not provisioned again: no. Its",
        "second is provisioned again.",
    ]
    assert keeping.note() == ["first"]


def test_what_cannot_be_read_leaves_the_notes_as_they_are(aws: Aws) -> None:
    aws.place.put(ready("weather"))
    keeping = aws.keeping()
    keeping.note()
    aws.place.denied["dynamodb"] = DeniedError("no")
    with pytest.raises(DeniedError):
        keeping.note()
    assert aws.keeping().names() == ["weather"]


def test_a_source_that_is_gone_is_not_noted_and_its_environment_is(aws: Aws) -> None:
    aws.place.put(sourced({**SOURCE, "key": "sources/gone.zip"}))
    assert aws.keeping().note() == ["weather"]
    assert [path.name for path in aws.folder.iterdir()] == ["weather.json"]

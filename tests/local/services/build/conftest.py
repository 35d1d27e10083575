"""The local CodeBuild in front of moto, on loopback, wired as in the local AWS."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from local.edge.credentials import CredentialStore
from local.services.build.service import CodeBuild
from local.services.images.store import ImageStore
from tests.local.services.build.agent_builds import make_project

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/build"


class Account:
    """CodeBuild and moto behind one address."""

    def __init__(self, folder: Path) -> None:
        moto = DomainDispatcherApplication(create_backend_app)

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if "/codebuild/" in environ.get("HTTP_AUTHORIZATION", ""):
                return self.codebuild.app(environ, start_response)
            return moto(environ, start_response)  # type: ignore[no-any-return]

        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.images = ImageStore(folder / "images")
        self.folder = folder
        self.credentials = CredentialStore()
        self.codebuild = CodeBuild(
            state_dir=folder,
            region="us-east-1",
            account_id="123456789012",
            endpoint_url=f"http://127.0.0.1:{self.server.port}",
            credentials=self.credentials,
            images=self.images,
        )
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name="us-east-1",
                endpoint_url=f"http://127.0.0.1:{self.server.port}",
                aws_access_key_id="AKIAEXAMPLE",
                aws_secret_access_key="example",
            )
        return self._clients[service]

    def source(self, files: dict[str, str | bytes]) -> str:
        """Put a source zip into S3; returns `bucket/key`. What begins with `#!` is executable."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for name, content in files.items():
                entry = zipfile.ZipInfo(name)
                program = content[:2] in ("#!", b"#!")
                entry.external_attr = (0o100755 if program else 0o100644) << 16
                archive.writestr(entry, content)
        self.client("s3").put_object(Bucket="sources", Key="a/source.zip", Body=data.getvalue())
        return "sources/a/source.zip"

    def project(self, name: str, buildspec: str | None = None, **more: Any) -> None:
        source = {"type": "NO_SOURCE", "buildspec": buildspec or "version: 0.2\nphases: {}\n"}
        environment = {
            "type": "ARM_CONTAINER",
            "computeType": "BUILD_GENERAL1_SMALL",
            "image": "aws/codebuild/amazonlinux2-aarch64-standard:3.0",
        }
        self.client("codebuild").create_project(
            name=name,
            source=source,
            artifacts={"type": "NO_ARTIFACTS"},
            environment=environment,
            serviceRole=ROLE,
            **more,
        )

    def finish(self, build: dict[str, Any], seconds: float = 120) -> dict[str, Any]:
        """Wait until a build is over."""
        deadline = time.monotonic() + seconds
        while True:
            (found,) = self.client("codebuild").batch_get_builds(ids=[build["id"]])["builds"]
            if found["buildComplete"]:
                return dict(found)
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def run(self, buildspec: str, **more: Any) -> dict[str, Any]:
        """Run a build of the project `any` to its end."""
        if not self.client("codebuild").batch_get_projects(names=["any"])["projects"]:
            self.project("any")
        started = self.client("codebuild").start_build(
            projectName="any", buildspecOverride=buildspec, **more
        )
        return self.finish(started["build"])

    def log(self, build: dict[str, Any]) -> str:
        """Return a build's log."""
        events = self.client("logs").get_log_events(
            logGroupName=build["logs"]["groupName"], logStreamName=build["logs"]["streamName"]
        )
        return "\n".join(event["message"] for event in events["events"])


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = Account(tmp_path_factory.mktemp("account"))
    reset = httpx.post(f"http://127.0.0.1:{account.server.port}/moto-api/reset")
    assert reset.status_code == 200  # moto's memory is the process's
    s3 = account.client("s3")
    s3.create_bucket(Bucket="sources")
    s3.put_bucket_versioning(Bucket="sources", VersioningConfiguration={"Status": "Enabled"})
    account.client("ecr").create_repository(repositoryName="agents", imageTagMutability="IMMUTABLE")
    yield account
    account.codebuild.close()
    account.server.shutdown()
    account.thread.join()
    account.server.server_close()


@pytest.fixture(scope="module")
def project(account: Account) -> None:
    """The build project as the template has it."""
    make_project(account)


@pytest.fixture(scope="module")
def spec() -> Callable[..., str]:
    """Write a buildspec of one phase or more: `spec(build=["make"])`."""

    def write(**phases: list[str]) -> str:
        lines = ["version: 0.2", "phases:"]
        for name, commands in phases.items():
            lines += [f"  {name}:", "    commands:", *(f"      - {c!r}" for c in commands)]
        return "\n".join(lines) + "\n"

    return write

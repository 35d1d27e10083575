"""A build's `docker` needs a login to push, and refuses to replace a tag."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from local.services.images.store import ImageNotFound

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DOCKERFILE = 'FROM python:3.13\nCOPY f /f\nCMD ["python", "/f"]\n'


def test_docker_wants_a_login_and_keeps_tags(account: Any, spec: Any) -> None:
    name = f"{REGISTRY}/agents"
    login = f"aws ecr get-login-password | docker login -u AWS --password-stdin {REGISTRY}"

    def run(tag: str, *commands: str, content: str = "print(1)") -> dict[str, Any]:
        return dict(
            account.run(
                spec(build=[f"docker buildx build -q -t {name}:{tag} .", *commands]),
                sourceTypeOverride="S3",
                sourceLocationOverride=account.source({"Dockerfile": DOCKERFILE, "f": content}),
            )
        )

    push = f"docker push {name}:tag1"
    refused = run("tag1", push)
    assert refused["buildStatus"] == "FAILED"
    assert "docker login" in account.log(refused)
    with pytest.raises(ImageNotFound):
        account.images.resolve(f"{name}:tag1")

    pushed = run("tag1", login, push, f"docker tag {name}:tag1 x:y", "docker image inspect x:y")
    assert pushed["buildStatus"] == "SUCCEEDED", account.log(pushed)
    found = account.images.resolve(f"{name}:tag1")
    done = subprocess.run(found.command, env=found.environment, capture_output=True, check=True)
    assert done.stdout == b"1\n"

    other = run("tag1", login, push, content="print(22)")
    assert other["buildStatus"] == "FAILED"
    assert "already exists" in account.log(other)
    assert account.images.resolve(f"{name}:tag1") == found
    trees = [*(account.images.folder / "trees").iterdir()]
    assert [tree for tree in trees if tree.name.startswith(other["id"].split(":")[1])] == []

    # Docker knows a registry by its host name: a repository's URI and GetAuthorizationToken's endpoint name it, too.
    for tag, server in (("tag3", f"{REGISTRY}/agents"), ("tag4", f"https://{REGISTRY}")):
        accepted = run(tag, login.replace(REGISTRY, server), f"docker push {name}:{tag}")
        assert accepted["buildStatus"] == "SUCCEEDED", account.log(accepted)
    elsewhere = run("tag5", login.replace(REGISTRY, f"x.{REGISTRY}"), f"docker push {name}:tag5")
    assert elsewhere["buildStatus"] == "FAILED"
    assert "docker login" in account.log(elsewhere)

    unknown = run("tag2", "docker run x")
    assert unknown["buildStatus"] == "FAILED"
    assert "invalid choice: 'run'" in account.log(unknown)

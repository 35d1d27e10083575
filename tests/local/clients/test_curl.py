"""curl, with and without a token: what a person sees who has nothing but the URL."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on PATH")


@pytest.fixture(scope="module")
def url(invocations: Callable[..., str]) -> str:
    return invocations("echo")


@pytest.fixture
def curl(environment: dict[str, str]) -> Callable[..., tuple[int, dict[str, str], Any]]:
    """Posts a prompt; gives status, headers and the document."""

    def run(url: str, *options: str) -> tuple[int, dict[str, str], Any]:
        words = ["curl", "--silent", "--show-error", "--include", "--max-time", "30", *options]
        words += ["--json", json.dumps({"prompt": "hello"}), url]
        ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        head, _, body = ended.stdout.replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.splitlines()
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        return int(first.split()[1]), headers, json.loads(body)

    return run


def test_with_a_token_the_agent_answers(curl: Any, url: str, token: str) -> None:
    status, headers, said = curl(url, "--header", f"Authorization: Bearer {token}")
    assert (status, said["answer"]) == (200, "echo of hello")
    assert "authorization" not in said["headers"], "the agent's allow list does not name it"
    assert len(headers["x-amzn-bedrock-agentcore-runtime-session-id"]) >= 33


def test_without_a_token_it_says_where_to_get_one(curl: Any, url: str) -> None:
    status, headers, said = curl(url)
    assert status == 401
    assert headers["www-authenticate"].startswith("Bearer resource_metadata=")
    assert "hello" not in json.dumps(said)
    metadata = headers["www-authenticate"].partition('"')[2].partition('"')[0]
    shown = subprocess.run(
        ["curl", "--silent", "--fail", metadata], capture_output=True, text=True, check=True
    )
    assert json.loads(shown.stdout)["authorization_servers"]


def test_an_altered_token_is_refused(curl: Any, url: str, token: str) -> None:
    head, claims, signature = token.split(".")
    altered = f"{head}.{claims}.{signature[::-1]}"
    status, _, _ = curl(url, "--header", f"Authorization: Bearer {altered}")
    assert status in (401, 403)


def test_the_signed_call_of_a_token_runtime_is_refused(
    curl: Any, url: str, environment: dict[str, str]
) -> None:
    keys = f"{environment['AWS_ACCESS_KEY_ID']}:{environment['AWS_SECRET_ACCESS_KEY']}"
    signing = f"aws:amz:{environment['AWS_REGION']}:bedrock-agentcore"
    status, _, said = curl(url, "--aws-sigv4", signing, "--user", keys)
    assert status == 403
    # curl 7.88 encodes the path once where SigV4 asks for twice, so AWS refuses the signature before the method.
    assert re.search("[Aa]uthorization|request signature", said["message"])


def test_an_unknown_runtime_is_not_found(curl: Any, url: str, token: str) -> None:
    runtime = url.rpartition("/invocations")[0]
    other = f"{runtime[:-1]}{'a' if runtime[-1] != 'a' else 'b'}/invocations"
    assert curl(other, "--header", f"Authorization: Bearer {token}")[0] == 404

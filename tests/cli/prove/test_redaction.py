"""What must not leave an account never reaches a recording."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.prove.recording import Recording, RecordingError
from cli.prove.redaction import LeakError, Redactor

ACCOUNT = "210987654321"
STACK = "prove-ab12cd"
POOL = "ap-northeast-1_AbCdEf123"


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


TOKEN = (
    f"{part({'alg': 'RS256', 'kid': 'k'})}.{part({'sub': 'someone'})}.c2lnbmF0dXJl-_c2lnbmF0dXJl"
)
KEY = "ASIA" + "QWERTYUIOPASDFGH"


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(account=ACCOUNT, region="ap-northeast-1", stack=STACK)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer <token>"),
        (f"the token {TOKEN} is refused", "the token <token> is refused"),
        ("Bearer abcdefghij0123456789", "Bearer <token>"),
        (KEY, "<access key>"),
        (f"account {ACCOUNT}", "account <account>"),
        ("another account 111122223333", "another account <account>"),
        (
            f"arn:aws:bedrock-agentcore:ap-northeast-1:{ACCOUNT}:runtime/prove_ab12cd_dev-Ab1Cd2Ef3G",
            "arn:aws:bedrock-agentcore:<region>:<account>:runtime/<stack>_dev-<runtime 1>",
        ),
        (
            "runtimes/arn%3Aaws%3Ax%3Aruntime%2Fprove_ab12cd_dev-Ab1Cd2Ef3G/invocations",
            "runtimes/arn%3Aaws%3Ax%3Aruntime%2F<stack>_dev-<runtime 1>/invocations",
        ),
        (
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/Admin/alice@example.com is not authorized",
            "User: <principal> is not authorized",
        ),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/{STACK}-RunSmokeTestRole-A1B2C3D4E5F6/session",
            "arn:aws:sts::<account>:assumed-role/<stack>-RunSmokeTestRole-<random>/session",
        ),
        (
            f"https://cognito-idp.ap-northeast-1.amazonaws.com/{POOL}/.well-known/jwks.json",
            "<endpoint>/<user pool 1>/.well-known/jwks.json",
        ),
        (
            f"arn:aws:secretsmanager:ap-northeast-1:{ACCOUNT}:secret:{STACK}/dev/password-a1B2c3",
            "arn:aws:secretsmanager:<region>:<account>:secret:<stack>/dev/password-<random>",
        ),
        (
            f"packages/{'ab' * 32}/0123456789ab.zip",
            "packages/<hash 1>/<generation>.zip",
        ),
        (f"{STACK}-artifactbucket-1a2b3c4d5e6f", "<stack>-artifactbucket-<random>"),
        (f"{STACK}-dev-password", "<stack>-dev-password"),
        ("1h57kf5cpq17m0eml12EXAMPLE".lower(), "<client 1>"),
        ("0b5d1a52-8b9c-4f0e-9a55-1f2e3d4c5b6a", "<id 1>"),
        ("2026-11-26T10:15:00.123Z", "<time>"),
        ("write to alice@example.com from 10.1.2.3", "write to <email> from <address>"),
    ],
)
def test_texts(redactor: Redactor, text: str, redacted: str) -> None:
    assert redactor.text(text) == redacted


def test_the_endpoint_of_a_local_aws_looks_as_that_of_aws() -> None:
    local = Redactor(
        account=ACCOUNT, region="us-east-1", stack=STACK, endpoint_url="http://localhost:4566"
    )
    assert local.text("http://localhost:4566/runtimes/x") == "<endpoint>/runtimes/x"


def test_the_same_id_is_the_same_placeholder_until_the_next_recording(redactor: Redactor) -> None:
    one, two = "0b5d1a52-8b9c-4f0e-9a55-1f2e3d4c5b6a", "1b5d1a52-8b9c-4f0e-9a55-1f2e3d4c5b6a"
    assert redactor.text(f"{one} {two} {one}") == "<id 1> <id 2> <id 1>"
    redactor.restart()
    assert redactor.text(two) == "<id 1>"


def test_members_with_a_secrets_name_keep_no_value(redactor: Redactor) -> None:
    given = {
        "SecretString": "plain",
        "AuthenticationResult": {"AccessToken": "opaque", "ExpiresIn": 3600},
        "headers": {"Authorization": "Basic YTpi", "content-type": "application/json"},
        "made": datetime.now(UTC),
        "raw": b"\x00\x01",
    }
    assert redactor.value(given) == {
        "SecretString": "<secret>",
        "AuthenticationResult": {"AccessToken": "<secret>", "ExpiresIn": 3600},
        "headers": {"Authorization": "<secret>", "content-type": "application/json"},
        "made": "<time>",
        "raw": "<2 bytes>",
    }


def test_a_named_secret_goes_wherever_it_is(redactor: Redactor) -> None:
    redactor.secret("correct horse")
    assert redactor.text("the password correct horse is wrong") == "the password <secret> is wrong"


@pytest.mark.parametrize("leak", [TOKEN, KEY, ACCOUNT, POOL, "correct horse"])
def test_a_recording_with_a_leak_is_not_written(
    redactor: Redactor, leak: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    redactor.secret("correct horse")
    monkeypatch.setattr(redactor, "value", lambda value: value)
    recording = Recording("claim", "ap-northeast-1", "A promise.", steps=[{"what": "a", "x": leak}])
    with pytest.raises(LeakError):
        recording.write(tmp_path, redactor)
    assert list(tmp_path.rglob("*.json")) == []


def test_a_recording_is_read_as_it_was_written(redactor: Redactor, tmp_path: Path) -> None:
    steps = [{"what": "call", "message": f"{TOKEN} of {ACCOUNT} in {POOL}"}]
    file = Recording("claim", "ap-northeast-1", "A promise.", steps=steps).write(tmp_path, redactor)
    assert file == tmp_path / "ap-northeast-1" / "claim.json"
    read = Recording.read(file)
    assert read.steps == [{"what": "call", "message": "<token> of <account> in <user pool 1>"}]
    assert (read.place, read.problems) == ("ap-northeast-1", [])
    file.write_text(file.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(RecordingError, match="format"):
        Recording.read(file)


def test_what_is_in_the_repository_has_no_ids() -> None:
    files = sorted((Path(__file__).parents[2] / "recorded").rglob("*.json"))
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        Redactor(account="123456789012", region="us-east-1", stack=STACK).check(text)
        assert not re.search(r"agentcore-prove-[0-9a-f]{6}|localhost|us-east-1", text), file

"""A proof from its first claim to what it prints, with one small claim on moto."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from rich.console import Console

from cli.prove.claims.claim import Claim
from cli.prove.place import LOCAL, Place
from cli.prove.program import run
from cli.prove.proof import Proof

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def prove(name: str, folder: Path) -> str:
    """Prove one claim, whose answer names the account, and return what is printed."""
    account = boto3.client("sts", REGION).get_caller_identity()["Account"]

    def ask(proof: Proof) -> None:
        answer = proof.call("who calls", "sts", "get_caller_identity")
        proof.expect(account in answer["Arn"], "the caller is in the account")

    session = boto3.Session(region_name=REGION)
    place = Place(name, REGION, account, "prove-1", session, None, deploy=lambda: None)
    said = io.StringIO()
    console = Console(file=said, width=200)
    outcome = run(place, folder, console, keep=True, claims=(Claim("caller", "A caller.", ask),))
    assert outcome.good
    return said.getvalue()


def test_what_is_compared_is_what_was_written(tmp_path: Path) -> None:
    prove(LOCAL, tmp_path)
    said = prove(REGION, tmp_path)
    assert "caller: eu-west-1 and local answered the same" in said


def test_a_difference_is_shown_as_it_was_written(tmp_path: Path) -> None:
    prove(LOCAL, tmp_path)
    file = tmp_path / LOCAL / "caller.json"
    file.write_text(
        file.read_text(encoding="utf-8").replace("<principal>", "<another>"), encoding="utf-8"
    )
    said = prove(REGION, tmp_path)
    account = boto3.client("sts", REGION).get_caller_identity()["Account"]
    assert "caller: 1 difference (eu-west-1 | local)" in said
    assert account not in said

"""The judgement of permissions finds what is denied, what is allowed in vain, and a reason about nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.engines import permissions
from tests.foreign.engines.iam import NOT_IN_REFERENCE, Asked, judged
from tests.foreign.engines.permission_reasons import Refusal, Unseen

ROLE = "arn:aws:iam::123456789012:role/agentcore-lifecycle-CopyFunctionRole-0123456789AB"
READ, WRITE = "s3:GetObject", "s3:PutObject"
HERE = "arn:aws:s3:::bucket/here"


def asked(action: str, resource: str = HERE) -> dict[str, Any]:
    return {
        "principal": ROLE,
        "account": "123456789012",
        "action": action,
        "resource": resource,
        "context": {},
    }


@pytest.fixture
def judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Judge what a role that may read and write `here` asked for; gives the exit status and what was printed."""

    def run(
        *requests: dict[str, Any],
        unseen: tuple[Unseen, ...] = (),
        refused: tuple[Refusal, ...] = (),
    ) -> tuple[int, str]:
        statement = {"Effect": "Allow", "Action": [READ, WRITE], "Resource": HERE}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        monkeypatch.setattr(permissions, "NOT_SEEN_HERE", unseen)
        monkeypatch.setattr(permissions, "EXPECTED_REFUSALS", refused)
        recording = {"calls": 3, "asked": [*requests], "policies": {ROLE: [policy]}}
        (tmp_path / "one.json").write_text(json.dumps(recording), encoding="utf-8")
        status = permissions.main(str(tmp_path))
        printed = capsys.readouterr()
        return status, printed.err + printed.out

    return run


def test_all_allowed_and_all_used(judge: Any) -> None:
    status, printed = judge(asked(READ), asked(WRITE))
    assert (status, "denied 0" in printed, "unused 0" in printed) == (0, True, True)
    assert "calls 3, permissions evaluated 2" in printed


def test_what_is_allowed_in_vain(judge: Any) -> None:
    status, printed = judge(asked(READ))
    assert status == 1
    assert f"unused, without a reason: CopyFunction: {WRITE}" in printed
    reason = Unseen("CopyFunction", WRITE, "only after a crash")
    assert judge(asked(READ), unseen=(reason,))[0] == 0


def test_a_reason_about_something_that_was_seen(judge: Any) -> None:
    reason = Unseen("CopyFunction", WRITE, "only after a crash")
    status, printed = judge(asked(READ), asked(WRITE), unseen=(reason,))
    assert status == 1
    assert f"a reason about nothing: CopyFunction: {WRITE}" in printed


def test_what_is_denied(judge: Any) -> None:
    there = asked(READ, "arn:aws:s3:::bucket/there")
    status, printed = judge(asked(READ), asked(WRITE), there)
    assert status == 1
    assert f"denied: CopyFunction: {READ} on arn:aws:s3:::bucket/there" in printed
    expected = Refusal("CopyFunction", READ, "/there$", "a test")
    assert judge(asked(READ), asked(WRITE), there, refused=(expected,))[0] == 0


def test_without_recordings_there_is_nothing_to_judge(tmp_path: Path) -> None:
    assert permissions.main(str(tmp_path)) == 1


@pytest.mark.parametrize("action", sorted(NOT_IN_REFERENCE))
def test_an_action_that_is_said_to_be_in_no_reference_is_in_none(action: str) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [everything]}
    (verdict,) = judged([Asked(ROLE, "123456789012", action, "*", {}, [policy])])
    assert verdict.startswith("error: ")
    assert "invalid.action" in verdict

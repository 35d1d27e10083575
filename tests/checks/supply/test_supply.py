"""The checks of the supply chain find what is wrong, and what they cannot ask is no success."""

from __future__ import annotations

import json

import pytest

from tests.checks.supply import audit, images, sbom, template

REASONS = {("CKV_1", "Function"): "because", ("CKV_2", "Bucket"): "because"}


def test_a_finding_without_a_reason_and_a_reason_without_a_finding() -> None:
    found = [("CKV_1", "AFunction", "x"), ("CKV_2", "Bucket", "y"), ("CKV_2", "Other", "log it")]
    (problem,) = template.problems(found, REASONS)
    assert "Other: CKV_2: log it" in problem
    (problem,) = template.problems(found[:1], REASONS)
    assert "CKV_2 no longer finds anything about Bucket" in problem


def test_the_json_of_checkov() -> None:
    check = {"check_id": "CKV_1", "check_name": "x", "resource": "AWS::S3::Bucket.Bucket"}
    report = {"results": {"failed_checks": [check]}}
    assert [*template.findings(report)] == [("CKV_1", "Bucket", "x")]


def test_hadolint_needs_a_reason_for_each_finding() -> None:
    known = {"file": images.AGENT, "code": "DL3029", "message": "no platform"}
    assert [*images.lint_problems([known])] == []
    (problem,) = images.lint_problems([known, {**known, "code": "DL3008"}])
    assert "DL3008" in problem
    (problem,) = images.lint_problems([])
    assert "no longer" in problem


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("FROM python:3.13", "no digest"),
        ("FROM --platform=linux/arm64 python", "no version"),
        ("FROM python:latest", "no version"),
        ("RUN pip install strands", "--require-hashes"),
    ],
)
def test_what_is_not_pinned(line: str, words: str) -> None:
    named = "".join(f"FROM {image}\n" for image in images.BY_TAG)
    problems = [*images.image_problems({"Dockerfile": f"{named}{line}\n"}, "")]
    assert any(words in problem for problem in problems), problems


def test_what_is_pinned() -> None:
    named = "".join(f"FROM {image}\n" for image in images.BY_TAG)
    text = f"{named}FROM a/b@sha256:{'0' * 64}\nRUN pip install --require-hashes -r x\n"
    assert [*images.image_problems({"Dockerfile": text}, "")] == []


def test_a_reason_for_an_image_that_nothing_names() -> None:
    assert len([*images.image_problems({}, "")]) == len(images.BY_TAG)


def test_an_action_is_pinned_by_its_commit() -> None:
    text = f"  - uses: actions/checkout@v6\n  - uses: ./here\n  - uses: a/b@{'a' * 40}\n"
    (problem,) = images.action_problems({"ci.yml": text})
    assert "actions/checkout@v6" in problem


LOCK = """\
a-b==1.0 \\
    --hash=sha256:0
c[x]==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:0
d==3.0 ; python_full_version >= '3.12' \\
    --hash=sha256:0
"""


def test_what_ships_is_what_is_installed_on_linux_for_arm64() -> None:
    assert sbom.pins(LOCK) == {"a-b": "1.0", "d": "3.0"}


def test_the_base_image_is_part_of_what_ships() -> None:
    text = "FROM --platform=linux/arm64 public.ecr.aws/x/python:3.13-slim\nRUN x\n"
    assert sbom.base_image(text) == ("public.ecr.aws/x/python", "3.13-slim")


def test_a_bill_of_materials_that_is_not_up_to_date() -> None:
    (functions, _) = sbom.PARTS
    bill = json.loads(functions.file.read_text("utf-8"))
    assert [*sbom.problems(functions, json.dumps(bill))] == []
    bill["components"][0]["version"] = "0.0.0"
    missing, vain = sbom.problems(functions, json.dumps(bill))
    assert "ships and is not listed" in missing
    assert "does not ship" in vain


def test_a_vulnerability_is_found() -> None:
    verdict = audit.Verdict()
    vulnerable = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    audit.of_pip_audit("lock", json.dumps({"dependencies": [vulnerable]}), "", verdict)
    assert verdict.vulnerable == ["lock: a 1: CVE-1, fixed in 2"]
    assert (verdict.asked, verdict.status()) == (1, audit.FOUND)


@pytest.mark.parametrize(
    ("text", "errors", "words"),
    [
        ('{"dependencies": [{"name": "a", "skip_reason": "not there"}]}', "", "not there"),
        ("", "Traceback\nConnectionError: no network", "no network"),
    ],
)
def test_what_could_not_be_asked_is_no_success(text: str, errors: str, words: str) -> None:
    verdict = audit.Verdict()
    audit.of_pip_audit("lock", text, errors, verdict)
    assert words in verdict.unasked[0]
    assert (verdict.asked, verdict.status()) == (0, audit.NOT_ASKED)


def test_npm_is_asked_or_said_not_to_be() -> None:
    verdict = audit.Verdict()
    audit.of_npm_audit('{"message": "405 Method Not Allowed"}', "", verdict)
    assert "405" in verdict.unasked[0]
    found = {
        "vulnerabilities": {"x": {"severity": "high"}},
        "metadata": {"dependencies": {"total": 7}},
    }
    audit.of_npm_audit(json.dumps(found), "", verdict)
    assert (verdict.asked, verdict.vulnerable) == (7, ["package-lock.json: x: high"])
    assert verdict.status() == audit.FOUND
    clean = audit.Verdict()
    audit.of_npm_audit('{"vulnerabilities": {}}', "", clean)
    assert clean.status() == 0

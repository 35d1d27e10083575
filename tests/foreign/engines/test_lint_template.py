"""`make check` lints the template with every rule; here, that those rules find something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.foreign.engines import lint_template
from tests.foreign.engines.lint_template import problems, translated

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Size: {Type: Number, Default: 128}
Resources:
  Queue:
    Type: AWS::SQS::Queue
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello
      Handler: main.handler
      Runtime: python3.13
      MemorySize: !Ref Size
      Policies: [{Statement: [{Effect: Perhaps, Action: "s3:GetObject", Resource: "*"}]}]
"""


def test_informational_rules_and_what_sam_makes_are_linted(tmp_path: Path) -> None:
    written = "\n".join(problems(TEMPLATE, ["us-east-1"]))
    assert "I3011" in written, "an informational rule"
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE, encoding="utf-8")
    text = translated(file, "eu-central-1")
    assert json.loads(text)["Parameters"]["Size"]["Default"] == 128
    made = "\n".join(problems(text, ["eu-central-1"]))
    assert "'Perhaps' is not one of ['Allow', 'Deny']" in made, "a role that SAM makes"


def test_a_type_that_a_region_lacks_is_found() -> None:
    template = '{"Resources": {"A": {"Type": "AWS::AppRunner::Service", "Properties": {}}}}'
    (missing,) = problems(template, ["ap-northeast-3"])
    assert "AWS::AppRunner::Service" in missing
    assert "ap-northeast-3" in missing


def test_what_is_accepted_is_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An acceptance that nothing needs any more would hide the next finding."""
    accepted = lint_template.ACCEPTED
    text = translated(lint_template.TEMPLATE, "us-east-1")
    assert list(problems(text, ["us-east-1"])) == []
    monkeypatch.setattr(lint_template, "ACCEPTED", {})
    found = list(problems(text, ["us-east-1"]))
    assert len(found) == len(accepted)
    for rule, beginning in accepted.items():
        assert any(said.startswith(rule) and beginning in said for said in found)

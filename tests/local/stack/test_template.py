"""Parameters are checked as CloudFormation checks them, and templates translated as SAM does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.stack.errors import ParameterError, TemplateError
from local.stack.template import LOCAL_BUCKET, check_parameters, read_template

DECLARED: dict[str, dict[str, Any]] = {
    "Level": {"Type": "String", "Default": "INFO", "AllowedValues": ["INFO", "DEBUG"]},
    "Days": {"Type": "Number", "Default": 30, "MinValue": 1, "MaxValue": 90},
    "Name": {
        "Type": "String",
        "AllowedPattern": "[a-z]+",
        "MinLength": 2,
        "MaxLength": 5,
        "ConstraintDescription": "two to five small letters",
    },
}


def test_defaults_are_taken() -> None:
    values = check_parameters(DECLARED, {"Name": "abc"})
    assert values == {"Level": "INFO", "Days": "30", "Name": "abc"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "Name has no default"),
        ({"Name": "abc", "Other": "x"}, "no parameter Other"),
        ({"Name": "abc", "Level": "LOUD"}, "not one of INFO, DEBUG"),
        ({"Name": "abc", "Days": "0"}, "less than 1"),
        ({"Name": "abc", "Days": "91"}, "more than 90"),
        ({"Name": "abc", "Days": "many"}, "not a number"),
        ({"Name": "Abc"}, "two to five small letters"),
        ({"Name": "abc1"}, "two to five small letters"),
        ({"Name": "a"}, "two to five small letters"),
    ],
)
def test_constraints_hold(given: dict[str, str], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        check_parameters(DECLARED, given)


def read(folder: Path, text: str) -> Any:
    file = folder / "template.yaml"
    file.write_text(text)
    return read_template(file, {}, "eu-west-1")


def test_sam_is_translated_with_paths_kept(tmp_path: Path) -> None:
    template = read(
        tmp_path,
        """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: functions/, Runtime: python3.13}}
Resources:
  App:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, Policies: [AWSXrayWriteOnlyAccess]}
""",
    )
    code = template.resources["App"]["Properties"]["Code"]
    assert code == {"S3Bucket": LOCAL_BUCKET, "S3Key": "functions/"}
    policies = template.resources["AppRole"]["Properties"]["ManagedPolicyArns"]
    assert "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess" in policies


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Description: nothing", "no Resources"),
        (
            "Transform: AWS::Serverless-2016-10-31\n"
            "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b}}}",
            "Resource with id .F. is invalid",
        ),
    ],
)
def test_what_is_no_template_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        read(tmp_path, text)

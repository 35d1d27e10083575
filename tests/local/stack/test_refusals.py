"""What a template asks for and cannot have is an error that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.embedded import EmbeddedAws
from local.stack.errors import (
    ResourceFailedError,
    StackError,
    TemplateError,
    UnknownPropertyError,
)


@pytest.mark.parametrize(
    ("resource", "error", "says"),
    [
        (
            "{Type: AWS::SNS::Topic, Properties: {FifoTopic: true}}",
            UnknownPropertyError,
            "FifoTopic",
        ),
        ("{Type: AWS::EC2::VPC}", StackError, "One: the embedded AWS cannot make a AWS::EC2::VPC"),
        (
            "{Type: AWS::SNS::Topic, DependOn: Two}",
            TemplateError,
            "One: a resource has no attribute DependOn",
        ),
        (
            "{Type: AWS::IAM::Policy, Properties: {PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, "
            "Action: '*', Resource: 'arn:aws:s3:::${aws:PrincipalAccount}'}]}}}",
            TemplateError,
            "needs Version",
        ),
        (
            "{Type: AWS::KMS::Alias, Properties: {AliasName: bad, TargetKeyId: x}}",
            ResourceFailedError,
            r"One \(AWS::KMS::Alias\)",
        ),
        (
            "{Type: AWS::S3::BucketPolicy, Properties: {PolicyDocument: {}}}",
            StackError,
            "needs Bucket",
        ),
    ],
)
def test_nothing_is_passed_over_in_silence(
    tmp_path: Path, resource: str, error: type[Exception], says: str
) -> None:
    (tmp_path / "template.yaml").write_text(f"Resources:\n  One: {resource}\n")
    with pytest.raises(error, match=says):
        EmbeddedAws.start(state_dir=tmp_path / "state", template=tmp_path / "template.yaml")

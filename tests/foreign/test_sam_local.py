"""What `sam local` depends on: the architecture of the functions, and a variable that no deployed function has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.stack.intrinsics import NO_VALUE, Resolver
from local.stack.template import Template, read_template
from tests.foreign import sam_local
from tests.foreign.javascript import PROJECT

REGIONS = ("us-east-1", "eu-central-1", "ap-northeast-1", "us-gov-west-1", "cn-north-1")


def template(**parameters: str) -> Template:
    return read_template(PROJECT / "template.yaml", parameters, "us-east-1")


def functions(read: Template) -> dict[str, Any]:
    """The properties of each function of the template as SAM transforms it."""
    found = {
        name: resource["Properties"]
        for name, resource in read.resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    assert len(found) > 15
    return found


def resolver(read: Template, region: str) -> Resolver:
    return Resolver(
        parameters=read.parameters,
        pseudo={"AWS::Region": region},
        mappings={},
        conditions=read.conditions,
        made={},
    )


@pytest.mark.parametrize(
    ("given", "built_for"), [({}, "arm64"), ({"Architecture": "x86_64"}, "x86_64")]
)
def test_the_architecture_of_every_function(given: dict[str, str], built_for: str) -> None:
    read = template(**given)
    for name, function in functions(read).items():
        built = resolver(read, "us-east-1").resolve(function["Architectures"])
        assert built == [built_for], name


@pytest.mark.parametrize("region", REGIONS)
def test_every_function_declares_the_endpoint_and_none_has_it_in_aws(region: str) -> None:
    read = template()
    for name, function in functions(read).items():
        declared = function["Environment"]["Variables"]
        assert "AWS_ENDPOINT_URL" in declared, name
        assert resolver(read, region).resolve(declared["AWS_ENDPOINT_URL"]) is NO_VALUE, name


def test_what_sam_local_passes_without_a_file_leaves_aws_its_own_endpoints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    client = boto3.client("dynamodb", region_name="eu-central-1")
    assert client.meta.endpoint_url == "https://dynamodb.eu-central-1.amazonaws.com"


def test_without_an_engine_the_script_says_so_and_does_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.foreign.sam_local"],
        cwd=PROJECT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "skipped: there is no docker command: install Docker and start it\n"


def test_each_function_that_the_script_runs_has_an_event() -> None:
    for function in sam_local.EXPECTED:
        assert (PROJECT / sam_local.event_of(function)).is_file()


def test_an_answer_that_is_wrong_fails(capsys: pytest.CaptureFixture[str]) -> None:
    said = 'START\n{"level": "INFO"}\n{"request": {"environment": "dev"}}\n'
    sam_local.check("PrepareRequestFunction", said)
    assert "dev" in capsys.readouterr().out
    error = '{"errorMessage": "no", "errorType": "LockLostError"}'
    with pytest.raises(sam_local.WrongError, match="PrepareRequestFunction: expected"):
        sam_local.check("PrepareRequestFunction", f"{said}{error}")
    with pytest.raises(sam_local.WrongError, match="no answer"):
        sam_local.check("PrepareRequestFunction", "END")

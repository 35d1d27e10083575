"""Variables that change which code an agent runs, or with whose credentials, are refused by name."""

from __future__ import annotations

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.request.model import parse_request
from lifecycle.request.service.environment_names import REFUSED


@pytest.mark.parametrize(
    "name", [*REFUSED, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
)
def test_a_reserved_name_is_refused_and_its_value_is_not_shown(name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({"runtime": {"environmentVariables": {name: "s3cret", "FINE": "1"}}})
    text = str(caught.value)
    assert f"runtime.environmentVariables.{name}: given a str (not shown), allowed: not set" in text
    assert "s3cret" not in text
    assert "FINE" not in text


@pytest.mark.parametrize(
    "name", ["MY_PATH", "AWS_REGION", "AWS_ENDPOINT", "PYTHONUNBUFFERED", "path"]
)
def test_other_names_are_allowed(name: str) -> None:
    request = parse_request({"runtime": {"environmentVariables": {name: "x"}}})
    assert request.runtime.environment_variables == {name: "x"}

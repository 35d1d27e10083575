"""The check of the SDK reads what ships and what pip prints."""

from __future__ import annotations

import pytest

from tests.checks.sdk import SHIPPED, newest, shipped, verdict


def test_the_shipped_version_is_read() -> None:
    assert shipped(SHIPPED.read_text(encoding="utf-8")).startswith("1.")
    with pytest.raises(ValueError, match="does not pin botocore"):
        shipped("boto3==1.2.3\n")


def test_what_pip_prints_is_read() -> None:
    assert newest("botocore (1.44.10)\nAvailable versions: 1.44.10, 1.44.9\n") == "1.44.10"
    assert newest("") is None


@pytest.mark.parametrize(
    ("latest", "said"),
    [
        ("1.44.10", "1.44.10 is the newest: raise it"),
        ("1.44.9", "the newest"),
        ("1.43.99", "the newest"),
        (None, "did not say"),
    ],
)
def test_the_verdict(latest: str | None, said: str) -> None:
    line = verdict("1.44.9", latest)
    assert said in line
    assert ("raise it" in line) == (latest == "1.44.10")

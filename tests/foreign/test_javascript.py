"""A machine without Node: the tests that need it are skipped and say why, and fail in CI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.foreign import javascript


@pytest.fixture
def without_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(javascript, "TOOLS", tmp_path / "node")
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("without_node")
def test_a_test_is_skipped_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Node is missing: run `make test`"):
        javascript.node()


@pytest.mark.usefixtures("without_node")
def test_ci_does_not_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Node is missing"):
        javascript.node()

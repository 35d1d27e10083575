"""Requirements that would run code of the source in the build are refused, in whatever form uv reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.artifact.zips.requirements import check_requirements
from lifecycle.errors import ArtifactBuildError


def check(files: dict[str, str]) -> None:
    check_requirements("requirements.txt", files, lambda name: files[name])


@pytest.mark.parametrize(
    "line",
    [
        "-e .",
        "-e./theirs",
        "  -e ./theirs",
        "\t--editable ./theirs",
        "--editable=./theirs",
        "six\r-e ./theirs",
        "six\n\n\x0c-e ./theirs",
        "# a comment\n-e file:///theirs",
        "six \\\n-e ./theirs",
        "\ufeff-e ./theirs",
        "\u00a0-e ./theirs",
    ],
)
def test_an_editable_package_is_refused(line: str) -> None:
    with pytest.raises(ArtifactBuildError, match="allowed: only packages that are wheels"):
        check({"requirements.txt": line})
    with pytest.raises(ArtifactBuildError, match=r"'deps/more\.txt' has"):
        check({"requirements.txt": "-r deps/more.txt", "deps/more.txt": line})


@pytest.mark.parametrize(
    "include",
    ["-r more.txt", "-rmore.txt", "--requirement=more.txt", "-c ./more.txt", "-r more.txt  # more"],
)
def test_what_is_included_is_read_too(include: str) -> None:
    check({"requirements.txt": include, "more.txt": "six\n-r requirements.txt"})
    with pytest.raises(ArtifactBuildError, match=r"'more\.txt' has"):
        check({"requirements.txt": include, "more.txt": "-e ."})


@pytest.mark.parametrize(
    "include",
    ["-r https://example.com/r.txt", "-r /etc/hosts", "-r ../r.txt", "-c ${HOME}/r.txt", "-r"],
)
def test_what_is_no_file_of_the_source_is_not_included(include: str) -> None:
    with pytest.raises(ArtifactBuildError, match="allowed: a file of the source"):
        check({"requirements.txt": include})


@pytest.mark.parametrize("text", ["-\0e\0 .", "\ufffd\ufffd-"])
def test_what_is_no_utf_8_is_refused(text: str) -> None:
    """Uv reads UTF-16, too."""
    with pytest.raises(ArtifactBuildError, match="no UTF-8 text"):
        check({"requirements.txt": text})


def test_what_installs_wheels_is_allowed() -> None:
    check(
        {
            "requirements.txt": "--extra-index-url https://example.com/simple\n--find-links ./wheels\n"
            "six==1.17.0 \\\n    --hash=sha256:00\n./wheels/mine-1-py3-none-any.whl\nmy-e-package>=1 # -e .\n"
        }
    )


@pytest.mark.parametrize("line", ["#   -c dev.txt", "    #   -r dev.txt", "# -e .", "#-e ."])
def test_a_comment_says_nothing(line: str) -> None:
    """`uv pip compile` writes which file asked for a package."""
    check({"requirements.txt": f"six==1.17.0 \\\n    --hash=sha256:00\n{line}\n"})


def test_our_own_agent_is_allowed() -> None:
    agent = Path(__file__).parents[4] / "agent" / "requirements.txt"
    check({"requirements.txt": agent.read_text(encoding="utf-8")})

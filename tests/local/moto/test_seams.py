"""moto still needs each seam, and each seam names its issue or its report."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.moto import seams

REPOSITORY = Path(__file__).parents[3]
MOTO = Path(seams.__file__).parent
CANARIES = [
    "jsonata",
    "quoting",
    "execution_name",
    "text_output",
    "redrive_count",
    "retry_count",
    "escapes",
    "states_errors",
    "lambda_faults",
    "parameter_names",
    "shared_clients",
    "early_calls",
    "execution_events",
    "history_pages",
    "history_order",
    "stop_reason",
    "nested_stop",
    "name_check",
    "input_code",
    "item_executions",
    "tolerated_failures",
    "result_files",
    "reader_errors",
    "whole_percentage",
    "writer_arguments",
    "state_machine_targets",
    "bucket_conditions",
    "managed_policies",
    "token_life",
    "sign_in_flows",
    "resource_server_updates",
    "pool_tags",
    "tagged_pools",
    "searched_values",
    "expressions_parsed_again",
    "checks_asked_again",
    "parsed_again",
    "made_again",
    "cut_by_character",
    "models_listed_again",
    "modules_listed_again",
    "operations_listed_again",
    "keys_read_again",
    "catalogue_read",
    "agentcore_sources",
    "deliveries_in_use",
    "span_destination",
    "interleaved_streams",
    "json_patterns",
]


@pytest.fixture(scope="module")
def said() -> dict[str, bool]:
    """What the canaries answer in a process without seams."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.local.moto.canaries"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "HOME": "/nonexistent"},
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    answers: dict[str, bool] = json.loads(ran.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("canary", CANARIES)
def test_moto_still_needs_the_seam(canary: str, said: dict[str, bool]) -> None:
    assert said[canary], f"remove the seam of {canary} from local/moto/: moto no longer needs it"


def test_no_canary_is_forgotten(said: dict[str, bool]) -> None:
    assert sorted(said) == sorted(CANARIES)


def reports() -> dict[str, str]:
    """Return the text of every report that is still to be filed, by name."""
    files = (MOTO / "upstream").glob("*.md")
    return {file.stem: file.read_text(encoding="utf-8") for file in files if file.stem != "README"}


@pytest.mark.parametrize("seam", seams.SEAMS, ids=lambda seam: str(seam.__name__))
def test_every_seam_names_its_issue_or_its_report(seam: Callable[[], None]) -> None:
    said = (seam.__doc__ or "").partition("Upstream:")[2]
    assert re.search(r"#\d+|upstream/[\w-]+\.md", said)


def test_every_report_that_the_code_names_exists() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in MOTO.rglob("*.py"))
    named = set(re.findall(r"upstream/([\w-]+)\.md", source))
    assert named
    assert named <= set(reports())


def test_every_report_names_code_that_exists() -> None:
    for name, text in reports().items():
        where = re.search(r"^(?:Seams?|Code): (.+)$", text, re.MULTILINE)
        assert where, name
        said = re.findall(r"`([^`]+)`", where[1])
        files = [REPOSITORY / each for each in said if "/" in each]
        source = "".join(file.read_text(encoding="utf-8") for file in files)
        assert source, name
        for function in (each for each in said if "/" not in each):
            assert re.search(rf"^def {function}\(", source, re.MULTILINE), (name, function)


def test_every_canary_that_a_report_names_is_asked() -> None:
    for name, text in reports().items():
        for line in re.findall(r"^Canar(?:y|ies): (.+)$", text, re.MULTILINE):
            assert set(re.findall(r"`(\w+)`", line)) <= set(CANARIES), name


def test_the_index_lists_every_report() -> None:
    index = (MOTO / "upstream/README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\(([\w-]+)\.md\)", index)) == sorted(reports())

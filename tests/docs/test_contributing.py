"""CONTRIBUTING.md names files, commands and code that exist, and new files that do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = {
    title: text
    for title, _, text in (
        part.partition("\n")
        for part in TEXT.split("## Worked examples")[1].split("\n## ")[0].split("\n### ")[1:]
    )
}
_FILE = r"`([\w.-]+(?:/[\w.-]+)*/?)`"


def named(text: str) -> set[str]:
    """Every file or folder that is named: what has a slash, or a suffix of a file in the root."""
    found = set(re.findall(_FILE, text))
    return {name for name in found if "/" in name or (name[0].isupper() and name.endswith(".md"))}


def new(text: str) -> set[str]:
    return set(re.findall(rf"[Nn]ew file {_FILE}", text))


@pytest.mark.parametrize("title", ["whole page", *EXAMPLES])
def test_every_file_that_is_named_exists(title: str) -> None:
    text = EXAMPLES.get(title, TEXT)
    files = named(text) - new(text)
    assert len(files) >= 5
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []


def test_new_files_are_new() -> None:
    files = new(TEXT)
    assert len(files) >= 4
    assert [name for name in sorted(files) if (ROOT / name).exists()] == []
    assert [name for name in sorted(files) if not (ROOT / name).parent.is_dir()] == []


def test_there_is_an_example_for_each_usual_change() -> None:
    assert list(EXAMPLES) == [
        "Add an input field",
        "Add a probe to the smoke test",
        "Add a stage",
        "Add an operation to the local AgentCore",
    ]


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z]+):", makefile))
    wanted = set(re.findall(r"make ([a-z]+)\b`", TEXT))
    assert len(wanted) >= 5
    assert wanted <= targets


@pytest.mark.parametrize(
    ("file", "names"),
    [
        (
            "functions/lifecycle/runtime/configuration.py",
            ("def desired(",),
        ),
        ("functions/lifecycle/runtime/comparison.py", ("_DRIFT = ", "def _normal(")),
        ("functions/lifecycle/request/service/ownership.py", ("RUNTIME_OWNED",)),
        ("functions/lifecycle/smoke_test/probes.py", ("def _probes(", "class Probe")),
        ("cli/report/asked.py", ("SHOWN = ",)),
        ("tests/cli/report/test_content.py", ("NOT_SHOWN = ",)),
        ("tests/functions/lifecycle/test_fence.py", ("HARMLESS = ",)),
        (
            "functions/lifecycle/smoke_test/sign_in.py",
            ("class SignedIn", "refused:", "def as_if_signed_in("),
        ),
        ("functions/lifecycle/stages.py", ('Stage("Publish the artifact", effect="creates")',)),
        ("template.yaml", ("DefinitionSubstitutions:", "LambdaInvokePolicy:")),
        ("local/agentcore/service.py", ("def _of_runtimes(",)),
        ("local/edge/iam/agentcore.py", ("def of_agentcore(",)),
        ("local/edge/faults.py", ("STATE_OPERATIONS",)),
        ("tests/local/agentcore/test_conformance.py", ("OPERATIONS = [",)),
        (
            "tests/functions/lifecycle/runtime/test_deploy.py",
            ("FULL = ", "def test_what_the_lifecycle_does_not_manage_survives_an_update"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_code_that_the_examples_name_is_there(file: str, names: tuple[str, ...]) -> None:
    assert file in TEXT
    text = (ROOT / file).read_text(encoding="utf-8")
    assert [name for name in names if name not in text] == []

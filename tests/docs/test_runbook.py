"""The runbook has each error that an execution can end with, answers each question, and quotes causes as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle import errors
from lifecycle.artifact.failed_build.why import why_failed
from lifecycle.entry import explain
from lifecycle.errors import ArtifactChangeError, LifecycleError
from lifecycle.request.model import parse_request
from lifecycle.settings import Settings
from tests.docs.pages import ROOT, code_in, text_of
from tests.docs.test_errors import leaves
from tests.functions.lifecycle.artifact.test_failed_build import build, noted

ENGLISH, JAPANESE = "docs/runbook.md", "docs/ja/runbook.md"
SAYS = {ENGLISH: "**The cause says:** ", JAPANESE: "**原因の文言：** "}
QUESTIONS = {
    ENGLISH: ("What happened:", "Where to look:", "What to do:", "Whose fault:", "What is left:"),
    JAPANESE: (
        "何が起きたか：",
        "どこを見るか：",
        "何をするか：",
        "だれの責任か：",
        "何が残るか：",
    ),
}
_NAME = re.compile(r"\b(?:States|Lambda|Sandbox)\.[A-Z]\w+")


def refused(code: str, status: int = 400) -> str:
    answer: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return str(explain(ClientError(answer, "CreateUserPool")))


def raised(call: Callable[[], object]) -> str:
    with pytest.raises(LifecycleError) as caught:
        call()
    return str(caught.value)


PROVOKED_HERE: dict[str, Callable[[], str]] = {
    "InvalidRequestError": lambda: raised(lambda: parse_request({"colour": "red"})),
    "ArtifactChangeError": lambda: str(ArtifactChangeError.of("code", "container", "runtime x")),
    "ArtifactBuildError": lambda: why_failed(noted("docker: unknown instruction COPPY"), build()),
    "ThrottledError": lambda: refused("ThrottlingException"),
    "ServiceUnavailableError": lambda: refused("InternalFailure", 500),
    "AwsCallError": lambda: refused("AccessDeniedException"),
    "ConfigurationError": lambda: raised(Settings.load),
}
"""Errors that need no AWS, and their causes."""

FUNCTIONS = "tests/functions/lifecycle"
PROVOKED_THERE = {
    "EnvironmentBusyError": f"{FUNCTIONS}/request/test_preparation.py",
    "EnvironmentNotFoundError": f"{FUNCTIONS}/request/test_preparation.py",
    "RoleNotReadyError": f"{FUNCTIONS}/runtime/test_deploy.py",
    "TagsNotVisibleError": f"{FUNCTIONS}/identity/test_late_tags.py",
    "EnvironmentSettlingError": f"{FUNCTIONS}/test_fence.py",
    "CredentialsError": f"{FUNCTIONS}/credentials/test_deploy.py",
    "GatewayError": f"{FUNCTIONS}/gateway/test_deploy.py",
    "ObservabilityError": f"{FUNCTIONS}/observability/test_deliver.py",
    "RuntimeFailedError": f"{FUNCTIONS}/runtime/test_readiness.py",
    "WaitTimeoutError": f"{FUNCTIONS}/runtime/test_readiness.py",
    "SmokeTestError": "tests/embedded/test_causes.py",
    "GatewayTestError": f"{FUNCTIONS}/gateway_test/test_run.py",
    "CanaryFailedError": f"{FUNCTIONS}/canary/test_shift.py",
    "TeardownIncompleteError": f"{FUNCTIONS}/runtime/test_teardown.py",
    "FleetError": f"{FUNCTIONS}/fleet/test_report.py",
    "LockLostError": f"{FUNCTIONS}/identity/test_provision.py",
}
"""Errors that another test provokes on moto or the local AWS, and where it is."""


def sections(page: str) -> dict[str, str]:
    """The section of each error of the lifecycle, by the name that it begins with."""
    parts = re.split(r"^### .+$", text_of(page), flags=re.MULTILINE)[1:]
    return {code_in(part)[0]: part.split("\n## ")[0] for part in parts[:-1]}


def phrase(page: str, name: str) -> str:
    (line,) = re.findall(rf"^- {re.escape(SAYS[page])}`(.+)`$", sections(page)[name], re.MULTILINE)
    return str(line)


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_each_error_of_the_tree_has_a_section_and_no_other(page: str) -> None:
    assert sorted(sections(page)) == sorted(leaves(errors.LifecycleError))


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_each_error_of_step_functions_and_lambda_that_the_definitions_name_is_there(
    page: str,
) -> None:
    last = re.split(r"^### .+$", text_of(page), flags=re.MULTILINE)[-1]
    named = {name for name in code_in(last) if _NAME.fullmatch(name)}
    definitions = [path.read_text() for path in (ROOT / "statemachine").glob("*.asl.json")]
    assert named == set(_NAME.findall("".join(definitions))) - {"States.ALL"}


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_each_section_answers_all_questions_once(page: str) -> None:
    parts = re.split(r"^### .+$", text_of(page), flags=re.MULTILINE)[1:]
    for part in parts:
        for question in QUESTIONS[page]:
            assert part.count(f"**{question}**") == 1, (part[:80], question)


def test_each_error_is_provoked_by_one_test() -> None:
    assert sorted([*PROVOKED_HERE, *PROVOKED_THERE]) == sorted(leaves(errors.LifecycleError))


@pytest.mark.parametrize("name", PROVOKED_HERE)
def test_a_cause_says_what_the_runbook_says_to_look_for(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    cause = PROVOKED_HERE[name]()
    assert phrase(ENGLISH, name) in cause
    assert phrase(JAPANESE, name) == phrase(ENGLISH, name)


def _texts_of_the_functions() -> str:
    """Every text in the code of the functions, those of an f-string with its expressions left out."""
    texts = []
    for path in (ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
                texts.append(" ".join(parts))
    return "\n".join(texts)


@pytest.mark.parametrize("name", PROVOKED_THERE)
def test_a_cause_that_another_test_provokes_has_the_phrase_too(name: str) -> None:
    test = text_of(PROVOKED_THERE[name])
    assert re.search(rf"raises\({name}\b|\"{name}\"", test)
    assert phrase(ENGLISH, name) in _texts_of_the_functions()
    assert phrase(JAPANESE, name) == phrase(ENGLISH, name)


def test_what_the_runbook_quotes_to_tell_whose_fault_it_is_is_said() -> None:
    quoted = {
        "ArtifactBuildError": ("fix the source", "did not reach a host", "throttles", "BuildRole", "CodeBuild itself"),
        "SmokeTestError": ("the agent must listen on", "undecided", "this function did not reach AgentCore"),
        "GatewayTestError": ("so the gateway refused it", "the runtime behind it refused", "somebody changed",
                             "look at the trust policy of the gateway's role",
                             "does not answer on its own address either", "AgentCore throttled the gateway"),
        "AwsCallError": ("one of your policies",),
        "ServiceUnavailableError": ("AWS did not answer",),
    }  # fmt: skip
    said = _texts_of_the_functions()
    for name, phrases in quoted.items():
        for page in (ENGLISH, JAPANESE):
            assert set(phrases) <= set(code_in(sections(page)[name])), (page, name)
        assert all(one in said for one in phrases)

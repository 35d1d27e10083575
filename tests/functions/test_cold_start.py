"""A cold start imports nothing that no function needs; `python -m benchmarks.cold_start` measures what is left."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cold_start import refusal, services
from lifecycle.stages import STAGES, TRIGGERS

FUNCTIONS = Path(__file__).parents[2] / "functions"
# Two states may run one function.
HANDLERS = sorted({made.handler for made in (*STAGES, *TRIGGERS)})
# Loaded with botocore or powertools only where somebody asks for them, and by a function's calls that need them.
NEEDLESS = {"boto3", "s3transfer", "aws_xray_sdk", "wrapt", "asyncio", "difflib", "websockets"}
# They send calls over plain HTTPS, or say which would be sent.
SPEAKING = ("run_smoke_test", "run_cases", "judge_step", "test_gateway", "plan_rollback")
# They take the request as it came, or none.
WITHOUT_REQUEST = (
    "record_failure",
    "report_outcome",
    "start_execution",
    "select_environments",
    "report_fleet",
)


def answer_of(code: str) -> Any:
    """What a process with only the functions and their packages prints as JSON."""
    environment = {
        "PYTHONPATH": str(FUNCTIONS),
        "POWERTOOLS_SERVICE_NAME": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    ended = subprocess.run(
        [sys.executable, "-c", f"{refusal()}\nimport json, sys\n{code}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def loaded(handlers: list[str]) -> set[str]:
    """The modules that a process has loaded when it has imported handlers."""
    imports = "\n".join(f"import handlers.{name}" for name in handlers)
    return set(answer_of(f"{imports}\nprint(json.dumps(sorted(sys.modules)))"))


def packages(handlers: list[str]) -> set[str]:
    """The packages that a process has loaded when it has imported handlers."""
    return {name.partition(".")[0] for name in loaded(handlers)}


def late_imports() -> dict[str, list[str]]:
    """The imports inside functions, by the file that has them."""
    found: dict[str, list[str]] = {}
    for file in sorted(FUNCTIONS.rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = [
                    ast.unparse(node)
                    for node in ast.walk(function)
                    if isinstance(node, ast.Import | ast.ImportFrom)
                ]
                if lines:
                    found.setdefault(str(file.relative_to(FUNCTIONS)), []).extend(lines)
    return found


def test_no_function_imports_what_none_needs() -> None:
    assert packages(HANDLERS) & NEEDLESS == set()
    assert "httpx" not in packages([name for name in HANDLERS if name not in SPEAKING])


@pytest.mark.parametrize("handler", WITHOUT_REQUEST)
def test_who_takes_the_request_as_it_came_imports_no_model_of_it(handler: str) -> None:
    assert "lifecycle.request.model" not in loaded([handler])


def test_what_is_imported_late_is_there_when_it_is_needed() -> None:
    late = late_imports()
    assert "import httpx" in late["lifecycle/clients.py"]
    code = "\n".join(line for lines in late.values() for line in lines)
    assert answer_of(f"{code}\nprint(json.dumps('httpx' in sys.modules))") is True


def test_a_late_import_of_what_does_not_ship_would_be_found() -> None:
    with pytest.raises(AssertionError, match="ModuleNotFoundError: moto"):
        answer_of("import moto")


def test_no_cold_start_looks_for_garbage_among_all_that_it_imports() -> None:
    # This one imports the most, and makes the most clients.
    clients = "\n".join(f"CLIENTS.{name}" for name, _ in services()["plan_provision"])
    code = f"""import gc
gc.collect()
before = gc.get_stats()[0]["collections"]
import handlers.plan_provision
from lifecycle.clients import CLIENTS
{clients}
print(json.dumps(gc.get_stats()[0]["collections"] - before))"""
    assert answer_of(code) == 0


def test_the_benchmark_makes_the_clients_that_a_function_may_call() -> None:
    made = {handler: [name for name, _ in pairs] for handler, pairs in services().items()}
    assert sorted(made) == HANDLERS
    assert made["check_runtime"] == ["agentcore_control", "dynamodb", "logs"]
    assert {"agentcore", "cognito", "secrets"} <= set(made["run_smoke_test"])
    assert "cloudwatch" in made["judge_step"]
    assert {"iam", "xray"} <= set(made["deploy_gateway"]) | set(made["prepare_request"])
    assert all(made.values())

"""A cold start imports nothing that no function needs; `python -m benchmarks.cold_start` measures what is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.cold_start import services
from lifecycle.stages import STAGES, TRIGGERS

FUNCTIONS = Path(__file__).parents[2] / "functions"
# Two states may run one function.
HANDLERS = sorted({made.handler for made in (*STAGES, *TRIGGERS)})
# Loaded with botocore or powertools only where somebody asks for them.
NEEDLESS = {"boto3", "s3transfer", "aws_xray_sdk", "wrapt", "asyncio", "difflib", "websockets"}


def loaded(handlers: list[str]) -> set[str]:
    """The packages that a process has loaded when it has imported handlers."""
    code = "\n".join(f"import handlers.{name}" for name in handlers)
    code += "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    environment = {"PYTHONPATH": str(FUNCTIONS), "POWERTOOLS_SERVICE_NAME": "test"}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(ended.stdout)}


def test_no_function_imports_what_none_needs() -> None:
    # httpx brings asyncio, and only those that speak plain HTTPS import it.
    speaking = {"run_smoke_test", "run_cases", "prepare_request"}
    assert loaded([name for name in HANDLERS if name not in speaking]) & NEEDLESS == set()
    assert loaded(HANDLERS) & NEEDLESS <= {"asyncio"}


def test_the_benchmark_makes_the_clients_that_a_function_may_call() -> None:
    made = {handler: [name for name, _ in pairs] for handler, pairs in services().items()}
    assert sorted(made) == HANDLERS
    assert made["check_runtime"] == ["agentcore_control", "dynamodb", "logs"]
    assert {"agentcore", "cognito", "secrets"} <= set(made["run_smoke_test"])
    assert all(made.values())

"""Checks the template with checkov: no finding without its reason. Run as `python -m tests.checks.supply.template`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[3]
CHECKOV = PROJECT / ".venv-checkov" / "bin" / "checkov"
TEMPLATE = "template.yaml"
FUNCTIONS = "Function"
"""Stands for every function of the template."""

REASONS: dict[tuple[str, str], str] = {
    (
        "CKV_AWS_115",
        FUNCTIONS,
    ): "reserved concurrency is taken from the account's other functions; the state machines and "
    "maxConcurrency bound how many run",
    (
        "CKV_AWS_116",
        FUNCTIONS,
    ): "Step Functions calls the stages synchronously and catches their errors; the one function "
    "that events call has a queue",
    (
        "CKV_AWS_117",
        FUNCTIONS,
    ): "the functions call only public AWS endpoints and the provider of the input; a VPC would "
    "need a NAT gateway or an endpoint for each service",
    (
        "CKV_AWS_173",
        FUNCTIONS,
    ): "the variables are names and ARNs, no secrets; AWS encrypts them with its own key",
    (
        "CKV_AWS_119",
        "EnvironmentsTable",
    ): "records hold no secrets; AWS encrypts them with its own key, without a price per call",
    (
        "CKV_AWS_119",
        "ArtifactsTable",
    ): "it holds hashes and names of environments; AWS encrypts it with its own key",
    (
        "CKV_AWS_18",
        "ArtifactBucket",
    ): "CloudTrail data events tell the same without a second bucket",
    (
        "CKV_AWS_136",
        "AgentRepository",
    ): "images hold no secrets (.env files and keys are refused); encrypted with AES-256",
    (
        "CKV_AWS_158",
        "FunctionLogs",
    ): "logs hold no secrets; CloudWatch Logs encrypts them with its own key",
    (
        "CKV_AWS_158",
        "StateMachineLogs",
    ): "inputs and outputs hold no secrets; encrypted with the service's own key",
    ("CKV_AWS_158", "BuildLogs"): "logs of builds; encrypted with the service's own key",
    ("CKV_AWS_27", "LostEvents"): "SqsManagedSseEnabled is true, which this check does not know",
}
"""Check and resource, and why the finding stays."""


def findings(report: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The failed checks in checkov's JSON: id, the resource's logical id, and what the check asks for."""
    for check in report["results"]["failed_checks"]:
        yield check["check_id"], check["resource"].rpartition(".")[2], check["check_name"]


def problems(
    found: Iterable[tuple[str, str, str]], reasons: dict[tuple[str, str], str]
) -> Iterator[str]:
    """Say which findings have no reason, and which reasons have no finding."""
    used = set()
    for check, resource, asked in found:
        group = FUNCTIONS if resource.endswith(FUNCTIONS) else resource
        if (check, group) in reasons:
            used.add((check, group))
        else:
            yield f"{TEMPLATE}: {resource}: {check}: {asked}: fix it, or give the reason in {Path(__file__).name}"
    for check, group in sorted(set(reasons) - used):
        yield f"{TEMPLATE}: {check} no longer finds anything about {group}: remove its reason"


def main() -> int:
    """Print what is wrong; the exit status is 1 if something is."""
    command = [str(CHECKOV), "--file", TEMPLATE, "--framework", "cloudformation", "--skip-download"]
    ran = subprocess.run(
        [*command, "--quiet", "--compact", "--output", "json"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(ran.stdout)
    if report["summary"]["parsing_errors"] or not report["summary"]["passed"]:
        sys.stderr.write(f"checkov did not understand {TEMPLATE}: {ran.stderr}\n")
        return 1
    wrong = [*problems(findings(report), REASONS)]
    for problem in wrong:
        sys.stderr.write(f"{problem}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

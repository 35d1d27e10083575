"""What a cold start of each function costs, against a bare function that makes the same boto3 clients.

Run as `python -m benchmarks.cold_start [--runs N] [FUNCTION ...]` in the project's root, with a function's name in
`functions/handlers/`. Prints a table: for each function the CPU seconds (user and system, median) that the
process spends on importing the handler and making the clients of every service that the function's policy names, the
same for a function of plain boto3, and their ratio with its spread. Both run under AWS's runtime client
(awslambdaric), which is loaded before the clock starts, one after the other in one run. Packages that do not ship in
the function's package cannot be imported.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Collection
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from benchmarks.tables import table
from lifecycle.stages import STAGES, TRIGGERS
from local.stack.template import read_template

PROJECT = Path(__file__).resolve().parents[1]
BOUND = 1.3
# IAM's prefix: the attribute of lifecycle.clients.Clients, botocore's service. AgentCore has two, told by operation.
_CLIENTS = {
    "dynamodb": ("dynamodb", "dynamodb"),
    "states": ("stepfunctions", "stepfunctions"),
    "cognito-idp": ("cognito", "cognito-idp"),
    "secretsmanager": ("secrets", "secretsmanager"),
    "s3": ("s3", "s3"),
    "ecr": ("ecr", "ecr"),
    "codebuild": ("codebuild", "codebuild"),
    "logs": ("logs", "logs"),
    "events": ("events", "events"),
    "tag": ("tagging", "resourcegroupstaggingapi"),
    "iam": ("iam", "iam"),
    "cloudwatch": ("cloudwatch", "cloudwatch"),
    "xray": ("xray", "xray"),
}
_CONTROL = ("agentcore_control", "bedrock-agentcore-control")
_DATA = ("agentcore", "bedrock-agentcore")
_BARE = ("boto3", "s3transfer")
"""What the bare function brings, and ours does not."""
_REFUSAL = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
"""
_MEASURED = """
import resource
import awslambdaric.bootstrap
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
begin = cpu()
{body}
print(cpu() - begin)
"""


def services() -> dict[str, list[tuple[str, str]]]:
    """The clients of each handler, by the actions of its function's policies.

    Returns:
        By the handler's module, pairs of the attribute of `lifecycle.clients.Clients` and botocore's service.
    """
    template = read_template(PROJECT / "template.yaml", {}, "us-east-1")
    found: dict[str, list[tuple[str, str]]] = {}
    for made in (*STAGES, *TRIGGERS):
        role = template.resources[f"{made.function}Role"]["Properties"]
        actions = re.findall(r'"([a-z0-9-]+:[A-Za-z*]+)"', json.dumps(role["Policies"]))
        pairs = {_client(action) for action in actions}
        found[made.handler] = sorted(pair for pair in pairs if pair)
    return found


def _client(action: str) -> tuple[str, str] | None:
    prefix, _, operation = action.partition(":")
    if prefix == "bedrock-agentcore":
        return _DATA if operation.startswith("Invoke") else _CONTROL
    return _CLIENTS.get(prefix)


def refusal(also: Collection[str] = ()) -> str:
    """The code after which a process imports only what ships, and what is named."""
    return _REFUSAL.format(absent=sorted(_absent().difference(also)))


def _seconds(body: str, also: Collection[str] = ()) -> float:
    code = refusal(also) + _MEASURED.format(body=body)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT / "functions"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
    }
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(ended.stdout)


@cache
def _absent() -> frozenset[str]:
    """The packages of the development environment that do not ship, and that the runtime client does not bring."""
    text = (PROJECT / "functions/requirements.txt").read_text(encoding="utf-8")
    there = {_canonical(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}
    there |= {_canonical(name) for name in ("awslambdaric", "simplejson", "snapshot-restore-py")}
    return frozenset(
        package
        for package, distributions in packages_distributions().items()
        if there.isdisjoint(map(_canonical, distributions))
    )


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def measure(handler: str, clients: list[tuple[str, str]], runs: int) -> dict[str, float]:
    """Measure one function.

    Args:
        handler: The handler's module.
        clients: Pairs of the attribute of `Clients` and botocore's service.
        runs: How often; ours and the bare function take turns.

    Returns:
        CPU seconds `ours` and `bare`, and `ratio` with `lowest` and `highest` of the pairs.
    """
    ours = [f"import handlers.{handler}", "from lifecycle.clients import CLIENTS"]
    ours += [f"CLIENTS.{attribute}" for attribute, _ in clients]
    bare = ["import boto3", "session = boto3.session.Session()"]
    bare += [f"session.client({service!r})" for _, service in clients]
    pairs = [(_seconds("\n".join(ours)), _seconds("\n".join(bare), _BARE)) for _ in range(runs)]
    medians = [statistics.median(pair[side] for pair in pairs) for side in (0, 1)]
    ratios = [mine / other for mine, other in pairs]
    return {
        "ours": round(medians[0], 3),
        "bare": round(medians[1], 3),
        "ratio": round(medians[0] / medians[1], 2),
        "lowest": round(min(ratios), 2),
        "highest": round(max(ratios), 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measures cold starts against plain boto3.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("functions", nargs="*")
    given = parser.parse_args()
    found = services()
    figures = {
        handler: measure(handler, found[handler], given.runs)
        for handler in (given.functions or found)
    }
    kept = sum(figure["ratio"] <= BOUND for figure in figures.values())
    head = ["function", "ours (s)", "bare (s)", "ratio", "lowest", "highest"]
    rows = [[name, *figure.values()] for name, figure in figures.items()]
    sys.stdout.write(f"{table(head, rows)}\n")
    sys.stdout.write(f"at most {BOUND}: {kept} of {len(figures)}; {given.runs} runs of each\n")


if __name__ == "__main__":
    main()

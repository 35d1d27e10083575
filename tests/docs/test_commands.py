"""The commands of every page are run as they are written, against one local AWS, and do what the page says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.pages import ENGLISH, ROOT, commands_of, text_of


def commands(page: str) -> list[str]:
    """Each command of a page, its prompt left out; what follows without a prompt belongs to it."""
    return [
        command.rstrip("\n")
        for block in commands_of(page)
        for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    ]


NOT_RUN = {
    "make run": "the command behind it is on the page, too",
    "make test": "it runs this test",
    "sam build": "needs Python 3.13; `make build` runs it in CI",
    "sam build && sam deploy --guided": "needs an account",
    "sam deploy --guided": "needs an account",
    "sam delete": "needs an account",
    "make prove": "needs an account",
    ".venv/bin/lifecycle prove --local": "tests/embedded/test_prove.py runs it",
    '.venv/bin/lifecycle dev my-agent --prompt "12 + 30 は？"': "tests/embedded/test_dev.py runs it",
    "cp -r agent my-agent": "it is for the command after it",
    ".venv/bin/lifecycle console --local": "serves until Ctrl-C; tests/cli/console/test_server.py runs it",
    ".venv/bin/lifecycle console --stack agentcore-lifecycle": "serves until Ctrl-C",
    **dict.fromkeys(
        (
            command
            for command in commands("docs/sam-local.md")
            if command.startswith(("sam ", "aws lambda invoke --endpoint-url"))
        ),
        "needs Docker; make sam-local runs the same (tests/foreign/sam_local.py)",
    ),
    ".venv/bin/lifecycle local up --host-name host.docker.internal": "the fixture runs it so",
    ".venv/bin/lifecycle local up --host-name host.docker.internal --bind 172.17.0.1": (
        "not every machine has the address; tests/local/edge/test_host_names.py binds another"
    ),
    ".venv/bin/lifecycle local up": "every other command needs it up: the fixture runs it",
}
"""Commands that no page's test runs, and why."""

DELAYS = ("create=0.3", "update=0.3", "delete=0.3", "endpoint=0.2", "gateway=0.2")
PATIENCE_SECONDS = 600
END_SECONDS = 60


CURL = next(command for command in commands("docs/calling.md") if command.startswith("curl"))
PROVISION = ".venv/bin/lifecycle run --local --json --input - > output.json"
WAIT = (
    'while [ "$(aws stepfunctions list-executions --state-machine-arn "$FLEET" '
    "--query 'executions[0].status' --output text)\" = RUNNING ]; do sleep 1; done\n"
    'aws stepfunctions list-executions --state-machine-arn "$FLEET" --output text '
    "--query 'executions[0].status'"
)


@dataclass(frozen=True)
class Scenario:
    """How the commands of a page are run.

    Attributes:
        expect: What the output must have, in this order (regular expressions).
        before: What is run before the command that has a text in it.
        after: What is run after it.
    """

    expect: tuple[str, ...]
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)


# In this order one page finds what another provisioned, which saves time; none depends on it.
SCENARIOS = {
    "README.md": Scenario((r"removed +runtime ", "Succeeded", "environment +dev", "Succeeded")),
    "docs/tutorial.md": Scenario(
        (
            "environment +tutorial",
            "Succeeded",
            "tutorial",
            "action +smokeTest",
            "Succeeded",
            '"answer": ".*天気',
            "would remove +runtime ",
            "removed +runtime ",
            "Succeeded",
        )
    ),
    "docs/deploying.md": Scenario(("environment +dev", "Succeeded", '"FailedEntryCount": 0')),
    "docs/command-line.md": Scenario(
        (
            r"live +moves +to the new version",
            "To do it: .*run .*--environment demo",
            "Succeeded. To ask demo a question",
            "demo +READY +1 +version 1 passed",
            "Last promotions",
            "provision +SUCCEEDED",
            "1 environment: all succeeded",
            "would remove +runtime ",
            "removed +runtime ",
            "Succeeded",
        )
    ),
    "docs/reports.md": Scenario(
        ("Succeeded", "junit: demo.xml"), after={"--junit": "grep -q '<h1>' demo.html"}
    ),
    "docs/console.md": Scenario(("200 OK", "<h1>Executions</h1>")),
    "docs/fleets.md": Scenario(('"executionArn": ', "SUCCEEDED"), after={"start-execution": WAIT}),
    "docs/deleting.md": Scenario(
        ("action +teardown", "removed +runtime ", "Succeeded"),
        before={"teardown.json": f"{PROVISION} <<< {{}}"},
    ),
    "docs/calling.md": Scenario(
        ('"answer": ".*天気', '"answer": ".*天気', '"statusCode": 200', '"answer": ".*天気'),
        before={
            "client_credentials": f'{PROVISION} <<< \'{{"auth": {{"flow": "clientCredentials"}}}}\'',
            "invoke-agent-runtime": f'{PROVISION} <<< \'{{"auth": {{"type": "iam"}}}}\'',
        },
        after={"client_credentials": CURL, "invoke-agent-runtime": "cat answer.json"},
    ),
    "docs/asking.md": Scenario(
        ('"answer": ".*天気', "curl -sN", '"answer": "', "run_smoke_test  stage done"),
        before={"lifecycle ask": f"{PROVISION} <<< {{}}"},
        after={"bash call-dev.sh": 'test -n "$ACCESS_TOKEN"'},
    ),
    "docs/runbook.md": Scenario(
        ("environment +dev", "provision +SUCCEEDED", "run_smoke_test  stage done"),
        before={"lifecycle show": f"{PROVISION} <<< {{}}"},
    ),
    "docs/security.md": Scenario(
        ("smoke-test-host", "auth.example.com", "smoke-test-environments", "lifecycle/shop"),
        before={
            "tag-resource": "aws secretsmanager create-secret --name my-provider-credentials --secret-string '{}'"
        },
        after={
            "tag-resource": "aws secretsmanager describe-secret --secret-id my-provider-credentials"
        },
    ),
    "docs/sam-local.md": Scenario(
        (
            r"written: env\.json",
            '"environment": "dev"',
            '"function": "PlanProvisionFunction", "succeeded": true',
            '"action": "verify"',
            '"TABLE_NAME": "agentcore-lifecycle-',
        ),
        after={"-e events/report-fleet.json": "cat env.json"},
    ),
    "docs/local.md": Scenario(
        (
            "stateMachineArn",
            "action +provision",
            "Succeeded",
            "action +smokeTest",
            "Succeeded",
            "action +teardown",
            "Succeeded",
            "failureState",
            "throttle",
            "crashAfter",
        ),
        after={"faults add lambda": "lifecycle local faults list && lifecycle local faults clear"},
    ),
}


class Shell:
    """A folder in which the commands work as in the checkout, with a local AWS that is up.

    Attributes:
        folder: It. Beside links to the project's files it has `.venv/bin` with the commands.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tools = folder / ".venv" / "bin"
        tools.mkdir(parents=True)
        for name in ("events", "statemachine", "template.yaml"):
            (folder / name).symlink_to(ROOT / name)
        (tools / "aws").symlink_to(Path(sys.executable).with_name("aws"))
        options = " ".join(f"--delay {delay}" for delay in DELAYS)
        options += " --port 0 --host-name host.docker.internal"
        # The default state folder and port may be in use by whoever runs the tests.
        (tools / "lifecycle").write_text(
            "#!/bin/sh\n"
            'case "$*" in\n'
            f'"local up") set -- "$@" {options} --state-dir "{folder / "state"}" ;;\n'
            "*--stack*) ;;\n"
            f'*) set -- "$@" --state-dir "{folder / "state"}" ;;\n'
            "esac\n"
            f'exec "{sys.executable}" -m cli.main "$@"\n'
        )
        (tools / "lifecycle").chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}

    @contextmanager
    def up(self) -> Iterator[None]:
        """Keep a local AWS up, started by the command of the page."""
        command = ".venv/bin/lifecycle local up"
        assert command in commands("docs/local.md")
        with (self.folder / "errors").open("w+") as errors:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            try:
                assert process.stdout is not None
                if not any("AWS_ENDPOINT_URL=" in line for line in process.stdout):
                    errors.seek(0)
                    pytest.fail(f"it ended with {process.wait()}: {errors.read()}")
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=END_SECONDS)

    def run(self, script: str) -> str:
        """Run commands in one shell that knows the local AWS; return what they print, stderr included."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f'eval "$(lifecycle local env)"\n{script}'],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    made = Shell(tmp_path_factory.mktemp("checkout"))
    with made.up():
        yield made


def script_of(page: str, scenario: Scenario) -> str:
    """The commands of a page with what its scenario runs around them."""
    lines = []
    for command in commands(page):
        if command not in NOT_RUN:
            lines += [text for part, text in scenario.before.items() if part in command]
            lines.append(command)
            lines += [text for part, text in scenario.after.items() if part in command]
    return "\n".join(lines)


def test_every_page_with_commands_is_run() -> None:
    assert {page for page in ENGLISH if set(commands(page)) - set(NOT_RUN)} == set(SCENARIOS)
    assert set(NOT_RUN) <= {command for page in ENGLISH for command in commands(page)}
    for page, scenario in SCENARIOS.items():
        for part in (*scenario.before, *scenario.after):
            assert sum(part in command for command in commands(page)) == 1, part


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq"))), reason="the pages need bash, curl and jq"
)
@pytest.mark.parametrize("page", SCENARIOS)
def test_the_commands_of_a_page(page: str, shell: Shell) -> None:
    said = shell.run(script_of(page, SCENARIOS[page]))
    rest = said
    for expected in SCENARIOS[page].expect:
        found = re.search(expected, rest)
        assert found is not None, f"no {expected} in: {said}"
        rest = rest[found.end() :]
    if page == "README.md":
        assert_shown(said)


def assert_shown(said: str) -> None:
    """The excerpts of the README are what the first command prints, but for the times."""
    columns = [columns_of(line) for line in said.splitlines()]
    excerpts = re.findall(r"^```text\n(.*?)^```", text_of("README.md"), re.MULTILINE | re.DOTALL)
    assert len(excerpts) == 2
    for excerpt in excerpts:
        lines = [columns_of(line) for line in excerpt.splitlines()]
        first = columns.index(lines[0])
        after = [line for line in columns[first:] if line[:1] != ["…"]]
        assert after[: len(lines)] == lines


def columns_of(line: str) -> list[str]:
    """The words of a line of the output, without its times and rounds."""
    plain = re.sub(r" +[\d.]+ s\b.*| +\d+(?= +\d+ )| +\d+ rounds", "", line)
    return re.split(r" +", plain.strip())

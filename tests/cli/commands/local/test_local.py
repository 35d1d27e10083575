"""`lifecycle local …` against the embedded AWS's own API, without a socket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest
from werkzeug import Request

from cli import main
from cli.commands.local import faults, logs, up
from cli.target.local import STATE_ROOT
from cli.target.local_api import LocalApi, LocalApiError
from local.edge import local_api as served
from local.edge.calls import Call, CallLog
from local.edge.credentials import Principal
from local.edge.faults import Fault, FaultPlan, ImpossibleFaultError


class Delays:
    """The served API's delays."""

    def __init__(self) -> None:
        self.seconds = {"create": 5.0}

    def read(self) -> dict[str, float]:
        return self.seconds

    def change(self, seconds: dict[str, float]) -> None:
        self.seconds |= seconds


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan()


@pytest.fixture
def log() -> CallLog:
    return CallLog()


@pytest.fixture
def api(plan: FaultPlan, log: CallLog, monkeypatch: pytest.MonkeyPatch) -> LocalApi:
    """The real API behind httpx; the commands find it as the one that is up."""
    app = served.LocalApi(log, plan, Delays(), lambda: {"stack": "agentcore-lifecycle"})

    def wsgi(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        return app.respond(request, request.get_data())(environ, start_response)

    client = httpx.Client(transport=httpx.WSGITransport(app=wsgi))
    found = LocalApi("http://localhost:4566", client)
    for module in (faults, logs):
        monkeypatch.setattr(module, "running_api", lambda _state_dir: found)
    return found


def lifecycle(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["lifecycle", "local", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.usefixtures("api")
def test_faults_are_planned_listed_and_cleared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], plan: FaultPlan
) -> None:
    monkeypatch.setenv("COLUMNS", "40")  # nothing is cut or folded
    create = ("bedrock-agentcore-control", "CreateAgentRuntime", "failureState")
    assert lifecycle(monkeypatch, "faults", "add", *create, "--reason", "no [image]") == 0
    crash = ("lambda", "Invoke", "crashAfter", "--caller", "CheckRuntimeFunction", "--times", "2")
    assert lifecycle(monkeypatch, "faults", "add", *crash) == 0
    first, second = plan.list()
    assert (first.service, first.operation, first.kind) == create
    assert (first.reason, first.times) == ("no [image]", 1)
    assert (second.caller, second.times) == ("CheckRuntimeFunction", 2)
    assert capsys.readouterr().out.split() == [first.id, second.id]

    assert lifecycle(monkeypatch, "faults", "list") == 0
    _, *listed = capsys.readouterr().out.splitlines()
    assert [line.split() for line in listed] == [
        [first.id, *create, "1", "no", "[image]"],
        [second.id, "lambda", "Invoke", "crashAfter", "2", "CheckRuntimeFunction"],
    ]

    assert lifecycle(monkeypatch, "faults", "clear", first.id) == 0
    assert plan.list() == [second]
    assert lifecycle(monkeypatch, "faults", "clear") == 0
    assert plan.list() == []


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "s3", "PutObject", "explode"), "kind is one of throttle"),
        (("add", "s3", "PutObjekt", "throttle"), "did you mean PutObject"),
        (("add", "s3", "*", "throttle", "--seconds", "nan"), "seconds is 0 or more"),
        (("clear", "a/b"), "no fault a/b is planned"),
    ],
)
def test_a_fault_that_cannot_be_is_bad_usage(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    plan: FaultPlan,
    arguments: tuple[str, ...],
    says: str,
) -> None:
    assert lifecycle(monkeypatch, "faults", *arguments) == 2
    assert says in capsys.readouterr().err
    assert plan.list() == []


@pytest.mark.usefixtures("api")
def test_calls_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log: CallLog
) -> None:
    function = Principal("CheckRuntimeFunction", None, "function")
    log.record(Call("sts", "GetCallerIdentity", None, "1", 0.0, 200))
    log.record(
        Call("bedrock-agentcore-control", "GetAgentRuntime", function, "2", 1.0, status=None)
    )
    monkeypatch.setenv("COLUMNS", "40")  # nothing is cut or folded
    chosen = ("calls", "--caller", "CheckRuntimeFunction")
    assert lifecycle(monkeypatch, *chosen) == 0
    _, line = capsys.readouterr().out.splitlines()
    when, *rest = line.split()
    assert when.endswith(":01.000")
    assert rest == ["CheckRuntimeFunction", "bedrock-agentcore-control", "GetAgentRuntime"]
    assert lifecycle(monkeypatch, *chosen, "--json") == 0
    assert json.loads(capsys.readouterr().out)["operation"] == "GetAgentRuntime"


@pytest.mark.usefixtures("api")
def test_delays_are_shown_and_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lifecycle(monkeypatch, "delays", "create=0.5") == 0
    assert capsys.readouterr().out == "create=0.5\n"
    assert lifecycle(monkeypatch, "delays") == 0
    assert capsys.readouterr().out == "create=0.5\n"


def test_a_delay_is_refused_in_the_words_of_its_own_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lifecycle(monkeypatch, "delays", "create") == 2
    assert capsys.readouterr().err.startswith("lifecycle: create: give a name and seconds")


@pytest.fixture
def nothing_up(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for `local.embedded`, where nothing is up; the folders in which it was looked for."""
    fake: Any = ModuleType("local.embedded")
    asked: list[Path] = []
    fake.find_running = asked.append
    monkeypatch.setitem(sys.modules, "local.embedded", fake)
    return asked


@pytest.mark.parametrize(
    "words",
    [
        ("env",),
        ("status",),
        ("down",),
        ("logs", "CheckRuntimeFunction"),
        ("calls",),
        ("delays",),
        ("faults", "add", "s3", "*", "throttle"),
        ("faults", "list"),
        ("faults", "clear"),
    ],
)
def test_every_command_finds_the_one_of_a_state_folder(
    nothing_up: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    status = 1 if words == ("status",) else 2
    assert lifecycle(monkeypatch, *words, "--state-dir", "my state") == status
    hint = "no embedded AWS is up in my state: start one with `lifecycle local up --state-dir"
    assert f"{hint} 'my state'`" in capsys.readouterr().err
    assert lifecycle(monkeypatch, *words) == status
    assert nothing_up == [Path("my state"), STATE_ROOT]


class FakeEmbedded:
    """Stands in for `EmbeddedAws`, with one function and one role."""

    endpoint_url = "http://localhost:4566"

    def __init__(self, state_dir: Path, faults: FaultPlan) -> None:
        self.state_dir, self.faults = state_dir, faults
        role = SimpleNamespace(ref="agents", attributes={"Arn": "arn:aws:iam::1:role/agents"})
        table = SimpleNamespace(ref="table", attributes={"Arn": "arn:aws:dynamodb:::table/table"})
        self.stack = SimpleNamespace(resources={"Role": role, "Table": table})
        self.functions = SimpleNamespace(specs=lambda: [SimpleNamespace(logical_id="AppFunction")])

    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint_url}

    def __enter__(self) -> FakeEmbedded:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


@pytest.fixture
def started(
    monkeypatch: pytest.MonkeyPatch, plan: FaultPlan, nothing_up: list[Path]
) -> list[dict[str, Any]]:
    """Lets `up` start a fake; the arguments of each start."""
    module: Any = sys.modules["local.embedded"]
    starts: list[dict[str, Any]] = []

    def start(**arguments: Any) -> FakeEmbedded:
        starts.append(arguments)
        return FakeEmbedded(arguments["state_dir"], plan)

    module.EmbeddedAws = SimpleNamespace(start=start)
    module.AlreadyRunningError = RuntimeError
    monkeypatch.setattr(up, "log_to", lambda _state_dir: None)
    return starts


def test_up_tells_the_faults_who_may_call(
    started: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    plan: FaultPlan,
    tmp_path: Path,
) -> None:
    def stay() -> None:
        for caller in ("AppFunction", "agents", "root", "stepfunctions"):
            plan.add(Fault("s3", "*", "throttle", caller=caller))
        with pytest.raises(ImpossibleFaultError, match="there is no caller table; there are App"):
            plan.add(Fault("s3", "*", "throttle", caller="table"))
        raise KeyboardInterrupt

    monkeypatch.setattr(up, "stay", stay)
    arguments = ("up", "--port", "0", "--state-dir", str(tmp_path), "--delay", "create=1")
    assert lifecycle(monkeypatch, *arguments) == 0
    (start,) = started
    assert (start["port"], start["state_dir"], start["delays"].create) == (0, tmp_path, 1.0)
    assert len(plan.list()) == 4


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_up_refuses_a_port_that_there_is_not(
    started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    assert lifecycle(monkeypatch, "up", "--port", port) == 2
    assert started == []


def test_one_that_does_not_answer_is_said_so() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    client = httpx.Client(transport=httpx.MockTransport(refuse))
    with pytest.raises(LocalApiError, match="does not answer: connection refused"):
        LocalApi("http://localhost:1", client).health()


def test_the_variables_survive_a_shell() -> None:
    variables = {"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_SECRET_ACCESS_KEY": "a'b $c"}
    script = up.exports(variables) + '\nprintf "%s|%s" "$AWS_ENDPOINT_URL" "$AWS_SECRET_ACCESS_KEY"'
    shown = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == "http://localhost:1|a'b $c"


def test_the_log_of_a_function(
    api: LocalApi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "logs/functions"
    folder.mkdir(parents=True)
    name = "agentcore-lifecycle-CheckRuntimeFunction-8C6F5177B64A"
    (folder / f"{name}.log").write_text('{"message": "[stage] 完了"}\nEND\n', encoding="utf-8")
    health = {"stateDir": str(tmp_path), "stackName": "agentcore-lifecycle"}
    monkeypatch.setattr(api, "health", lambda: health)
    for asked in ("CheckRuntimeFunction", name):
        assert lifecycle(monkeypatch, "logs", asked) == 0
        assert capsys.readouterr().out == '{"message": "[stage] 完了"}\nEND\n'
    assert lifecycle(monkeypatch, "logs", "Check") == 2
    assert "no log of Check; there are: CheckRuntimeFunction" in capsys.readouterr().err


def test_a_signal_that_another_thread_gets_ends_it() -> None:
    program = """
import signal, sys, threading, time
from cli.commands.local import up
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
def later():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Thread(target=later).start()
up.stay()
"""
    ended = subprocess.run([sys.executable, "-c", program], timeout=20, check=False)
    assert ended.returncode == 143


def test_down_waits_until_the_process_is_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = "import signal, sys, time; signal.signal(15, lambda *_: (time.sleep(0.5), sys.exit(0)))"
    program = f"{slow}; print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    running = SimpleNamespace(pid=process.pid, endpoint_url="http://localhost:1")
    monkeypatch.setattr(up, "running_aws", lambda _state_dir: running)
    assert lifecycle(monkeypatch, "down") == 0
    assert capsys.readouterr().out == "ended: http://localhost:1\n"
    reaper.join(timeout=5)
    process.stdout.close()
    assert process.returncode == 0

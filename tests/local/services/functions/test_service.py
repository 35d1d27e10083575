"""Functions in real processes under awslambdaric, and how each way to fail looks to the caller."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.children import Children, kill_left_over
from local.edge.credentials import CredentialStore
from local.edge.faults import Fault, FaultPlan
from local.services.functions.logs import FunctionLogs
from local.services.functions.result import Result
from local.services.functions.service import FunctionNotFoundError, Functions
from local.services.functions.spec import FunctionSpec, plain_name
from tests.local.ended import gone

ROLE = "arn:aws:iam::123456789012:role/function"
CODE = """
    import os, sys, time

    def handler(event, context):
        print("asked to", event.get("do"))
        if event.get("do") == "raise":
            raise KeyError("no such key")
        if event.get("do") == "exit":
            os._exit(3)
        if event.get("do") == "sleep":
            time.sleep(event["seconds"])
        if "touch" in event:
            open(event["touch"], "w").close()
        return {
            "pid": os.getpid(),
            "left": context.get_remaining_time_in_millis(),
            "request": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "environment": dict(os.environ),
            "path": sys.path,
        }
"""


class FakeLogsClient:
    """Keeps what CloudWatch Logs would get."""

    class exceptions:  # noqa: N801, D106 - boto3's name
        class ResourceAlreadyExistsException(Exception):  # noqa: N818, D106
            pass

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.groups: set[str] = set()

    def create_log_group(self, logGroupName: str) -> None:  # noqa: N803
        if logGroupName in self.groups:
            raise self.exceptions.ResourceAlreadyExistsException
        self.groups.add(logGroupName)

    def create_log_stream(self, **_names: str) -> None:
        assert self.groups

    def put_log_events(self, *, logEvents: list[dict[str, Any]], **_names: str) -> None:  # noqa: N803
        self.messages += [event["message"] for event in logEvents]


class Lambda:
    """All parts that run functions, and one function."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = folder / "code"
        self.code.mkdir()
        (self.code / "app.py").write_text(textwrap.dedent(CODE))
        self.logs_client = FakeLogsClient()
        self.credentials = CredentialStore()
        self.faults = FaultPlan()
        self.children = Children(folder / "processes")
        self.logs = FunctionLogs(folder / "logs", lambda: self.logs_client)
        self.functions = Functions(
            state_dir=folder,
            region="us-east-1",
            endpoint_url="http://localhost:1",
            credentials=self.credentials,
            faults=self.faults,
            children=self.children,
            logs=self.logs,
            max_processes=2,
        )
        self.register()

    def register(self, handler: str = "app.handler", **more: Any) -> None:
        self.functions.register(
            FunctionSpec(
                logical_id="AppFunction",
                name="stack-App",
                arn="arn:aws:lambda:us-east-1:123456789012:function:stack-App",
                handler=handler,
                code=self.code,
                role_arn=ROLE,
                log_group="/aws/lambda/stack",
                **more,
            )
        )

    def invoke(self, **event: Any) -> Result:
        return self.functions.invoke("stack-App", json.dumps(event).encode())

    def close(self) -> None:
        self.functions.close()
        self.logs.close()
        self.children.close()


@pytest.fixture
def lambda_(tmp_path: Path) -> Iterator[Lambda]:
    made = Lambda(tmp_path)
    yield made
    made.close()


def error_of(result: Result) -> dict[str, Any]:
    assert result.error == "Unhandled"
    error: dict[str, Any] = json.loads(result.payload)
    return error


def test_a_handler_gets_its_environment_role_and_deadline(lambda_: Lambda) -> None:
    opt = lambda_.folder / "opt"
    lambda_.register(timeout=7, memory_mb=512, environment={"A": "b", "SOURCE": "/opt/x"}, opt=opt)
    result = lambda_.invoke()
    assert result.error is None
    answer = json.loads(result.payload)
    environment = answer["environment"]
    keys = lambda_.credentials.find(environment["AWS_ACCESS_KEY_ID"])
    assert keys is not None
    assert (keys.principal.name, keys.principal.role_arn) == ("AppFunction", ROLE)
    assert keys.principal.kind == "function"
    assert environment["AWS_ENDPOINT_URL"] == "http://localhost:1"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert environment["LAMBDA_TASK_ROOT"] == str(lambda_.code)
    assert (environment["A"], environment["SOURCE"]) == ("b", f"{opt}/x")
    assert f"{opt}/python" in answer["path"]
    assert 5000 < answer["left"] <= 7000
    assert answer["arn"].endswith(":function:stack-App")


def test_a_process_is_used_again(lambda_: Lambda) -> None:
    pids = {json.loads(lambda_.invoke().payload)["pid"] for _ in range(3)}
    assert len(pids) == 1


def test_a_warm_function_does_not_start_cold(lambda_: Lambda) -> None:
    (spec,) = lambda_.functions.specs()
    lambda_.functions.warm([spec.logical_id])
    lambda_.functions.wait_warm()
    running = {int(file.name) for file in (lambda_.folder / "processes").iterdir()}
    assert json.loads(lambda_.invoke().payload)["pid"] in running


def test_events_at_once_get_processes_of_their_own_up_to_a_bound(lambda_: Lambda) -> None:
    pids: list[int] = []

    def one() -> None:
        pids.append(json.loads(lambda_.invoke(do="sleep", seconds=0.5).payload)["pid"])

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 4
    assert len(set(pids)) == 2


def test_an_exception_is_told_with_its_class(lambda_: Lambda) -> None:
    error = error_of(lambda_.invoke(do="raise"))
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'no such key'")
    assert error["stackTrace"]


def test_an_exit_is_told_and_the_next_event_gets_a_new_process(lambda_: Lambda) -> None:
    error = error_of(lambda_.invoke(do="exit"))
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert lambda_.invoke().error is None


def test_a_time_out_kills_the_process(lambda_: Lambda) -> None:
    lambda_.register(timeout=1)
    pid = json.loads(lambda_.invoke().payload)["pid"]
    error = error_of(lambda_.invoke(do="sleep", seconds=30))
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_module_that_cannot_be_imported_is_told(lambda_: Lambda) -> None:
    lambda_.register(handler="nothing.handler")
    error = error_of(lambda_.invoke())
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "Unable to import module 'nothing'" in error["errorMessage"]


def test_output_goes_to_the_tail_the_file_and_the_log_group(lambda_: Lambda) -> None:
    result = lambda_.invoke(do="nothing")
    assert b"asked to nothing" in result.log_tail
    lambda_.logs.flush()
    assert "asked to nothing" in (lambda_.folder / "logs" / "stack-App.log").read_text()
    assert "asked to nothing" in lambda_.logs_client.messages
    assert any(line.startswith("START RequestId") for line in lambda_.logs_client.messages)


def test_a_crash_before_leaves_no_effect_and_one_after_does(lambda_: Lambda) -> None:
    mark = lambda_.folder / "mark"
    for kind, there in (("crashBefore", False), ("crashAfter", True)):
        lambda_.faults.add(Fault("lambda", "Invoke", kind, caller="AppFunction"))  # type: ignore[arg-type]
        error = error_of(lambda_.invoke(touch=str(mark)))
        assert error["errorType"] == "Runtime.ExitError"
        assert mark.exists() is there
    assert lambda_.invoke().error is None


def test_a_planned_time_out_looks_like_a_real_one(lambda_: Lambda) -> None:
    lambda_.faults.add(Fault("lambda", "Invoke", "functionTimeout", caller="OtherFunction"))
    lambda_.faults.add(Fault("lambda", "Invoke", "functionTimeout", caller="AppFunction"))
    error = error_of(lambda_.invoke())
    assert error["errorType"] == "Sandbox.Timedout"
    assert [fault.caller for fault in lambda_.faults.list()] == ["OtherFunction"]


def test_an_unknown_function_is_not_found(lambda_: Lambda) -> None:
    with pytest.raises(FunctionNotFoundError):
        lambda_.functions.invoke("other", b"{}")


@pytest.mark.parametrize(
    "name",
    [
        "f",
        "f:live",
        "123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
    ],
)
def test_all_forms_of_a_function_name_are_understood(name: str) -> None:
    assert plain_name(name) == "f"


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = f"""
        import os, threading, time
        from pathlib import Path
        from local.children import Children
        children = Children(Path({str(tmp_path)!r}))
        def start():
            print(children.start(["sleep", "60"], env=dict(os.environ), cwd=Path("/")).pid, flush=True)
        thread = threading.Thread(target=start)
        thread.start()
        thread.join()
        time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        # The thread that asked for the child has ended; the child must not have.
        assert not gone(child, 0.3)
        parent.send_signal(signal.SIGKILL)
    assert gone(child)


def test_what_was_left_over_is_killed_and_a_stranger_is_not(tmp_path: Path) -> None:
    children = Children(tmp_path)
    left = children.start(["sleep", "60"], env=dict(os.environ), cwd=Path("/"))
    (tmp_path / str(os.getpid())).write_text("born at another time")
    assert kill_left_over(tmp_path) == [left.pid]
    assert left.wait(5) == -signal.SIGKILL
    assert not [*tmp_path.iterdir()]
    children.close()

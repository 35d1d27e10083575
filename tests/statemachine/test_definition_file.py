"""The definition as a file: what can be seen without running it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lifecycle import errors
from lifecycle.identity import late_tags
from lifecycle.request.model import parse_request
from lifecycle.stages import STAGES, TRIGGERS, Machine
from lifecycle.table import MARGIN_SECONDS
from local.moto.stepfunctions.jsonata_engine import evaluate

ROOT = Path(__file__).parents[2]
FILES = {machine: ROOT / "statemachine" / f"{machine}.asl.json" for machine in Machine}
TRANSIENT = {
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}
# Temporary errors that only some stages raise.
OF_SOME_STAGES = {
    # A role is shown to AgentCore by the one stage that hands it over.
    "RoleNotReadyError": {"Deploy the runtime"},
    # The policies of these stages depend on tags.
    "TagsNotVisibleError": {
        "Plan the provision",
        "Plan the rollback",
        "Provision the identity",
        "Run the smoke test",
        "Judge the step",
        "Test the gateway",
        "Delete the identity",
    },
    # These wait until no other call may create or delete: before the lock is taken, before anything is deleted, and
    # before the record is deleted. What delivered logs and traces goes after the runtime, whose stage has waited.
    "EnvironmentSettlingError": {
        "Prepare the request",
        *(stage.state for stage in STAGES if stage.effect == "deletes"),
        "Report the outcome",
        "Report the failure",
    }
    - {"Delete the credentials", "Delete the telemetry"},
}
CRASHES = {"Sandbox.Timedout", "Lambda.Unknown", "Runtime.ExitError", "States.Timeout"}


class CloudFormationLoader(yaml.SafeLoader):
    """Reads !Ref, !Sub and the like as plain mappings."""


def _tag(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_mapping(node, deep=True)}


CloudFormationLoader.add_multi_constructor("!", _tag)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    with (ROOT / "template.yaml").open() as file:
        loaded: dict[str, Any] = yaml.load(file, Loader=CloudFormationLoader)  # noqa: S506 - a SafeLoader
    return loaded


def states(machine: Machine) -> dict[str, Any]:
    """Every state by name, those inside Parallel branches and Maps too."""

    def walk(level: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, state in level["States"].items():
            yield name, state
            for branch in state.get("Branches", []):
                yield from walk(branch)
            if "ItemProcessor" in state:
                yield from walk(state["ItemProcessor"])

    found = list(walk(json.loads(FILES[machine].read_text())))
    assert len({name for name, _ in found}) == len(found), "a state's name is its own"
    return dict(found)


ALL_STATES = [
    pytest.param(machine, name, state, id=f"{machine}-{name}")
    for machine in Machine
    for name, state in states(machine).items()
]


def _tasks(wanted: Callable[[dict[str, Any]], bool]) -> list[Any]:
    return [
        pytest.param(machine, name, state, id=f"{machine}-{name}")
        for machine in Machine
        for name, state in states(machine).items()
        if state["Type"] == "Task" and wanted(state)
    ]


TASKS = _tasks(lambda _: True)
LAMBDA_TASKS = _tasks(lambda task: task["Resource"] == "arn:aws:states:::lambda:invoke")


@pytest.mark.parametrize("machine", list(Machine))
def test_stages_are_the_tasks_of_the_definition(machine: Machine) -> None:
    tasks = {parameter.values[1] for parameter in LAMBDA_TASKS if parameter.values[0] is machine}
    assert tasks == {stage.state for stage in STAGES if stage.machine is machine}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.handler)
def test_one_state_one_file_one_function_one_name(stage: Any, template: dict[str, Any]) -> None:
    assert (ROOT / "functions" / "handlers" / f"{stage.handler}.py").is_file()
    function = template["Resources"][stage.function]
    assert function["Properties"]["Handler"] == f"handlers.{stage.handler}.handler"
    task = states(stage.machine)[stage.state]
    assert task["Arguments"]["FunctionName"] == f"${{{stage.substitution}}}"


def test_every_handler_and_every_function_is_a_stage_or_a_trigger(template: dict[str, Any]) -> None:
    handlers = {path.stem for path in (ROOT / "functions" / "handlers").glob("*.py")} - {"__init__"}
    assert handlers == {item.handler for item in (*STAGES, *TRIGGERS)}
    functions = {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert functions == {item.function for item in (*STAGES, *TRIGGERS)}


def test_a_trigger_starts_machines_and_events_start_nothing_but_triggers(
    template: dict[str, Any],
) -> None:
    """A machine as the target of a rule would name each execution afresh, so a second delivery would start another."""
    for trigger in TRIGGERS:
        properties = template["Resources"][trigger.function]["Properties"]
        assert properties["Handler"] == f"handlers.{trigger.handler}.handler"
        assert properties["DeadLetterQueue"]["TargetArn"] == {"GetAtt": "LostEvents.Arn"}
        assert all(
            "DeadLetterConfig" in event["Properties"] for event in properties["Events"].values()
        )
    rules = [
        name
        for name, resource in template["Resources"].items()
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "EventBridgeRule"
    ]
    assert sorted(set(rules)) == sorted(trigger.function for trigger in TRIGGERS)


def test_every_trigger_but_the_one_that_takes_callers_back_is_off_by_default(
    template: dict[str, Any],
) -> None:
    events = {
        name: event["Properties"]
        for resource in template["Resources"].values()
        for name, event in resource["Properties"].get("Events", {}).items()
    }
    assert [name for name, event in events.items() if "State" not in event] == ["ExecutionEnded"]
    switches = [event["State"]["Ref"] for event in events.values() if "State" in event]
    assert len(switches) == 6
    for name in switches:
        assert template["Parameters"][name]["Default"] == "DISABLED"


@pytest.mark.parametrize(("machine", "name", "task"), LAMBDA_TASKS)
def test_a_task_waits_longer_than_its_function_may_run(
    machine: Machine, name: str, task: dict[str, Any], template: dict[str, Any]
) -> None:
    """Otherwise the function would still be creating things while the failure path removes them."""
    stage = next(stage for stage in STAGES if stage.state == name)
    properties = template["Resources"][stage.function]["Properties"]
    timeout = properties.get("Timeout", template["Globals"]["Function"]["Timeout"])
    assert timeout + 10 <= task["TimeoutSeconds"], machine


@pytest.mark.parametrize(("machine", "name", "task"), TASKS)
def test_every_task_has_a_timeout_its_own_retries_and_one_catch(
    machine: Machine, name: str, task: dict[str, Any]
) -> None:
    assert task["TimeoutSeconds"] > 0, (machine, name)
    retried = [error for retry in task["Retry"] for error in retry["ErrorEquals"]]
    assert len(retried) == len(set(retried))
    for retry in task["Retry"]:
        # A wait for a moment that is known must not fall short of it.
        waits = retry["ErrorEquals"] == ["EnvironmentSettlingError"]
        assert retry["JitterStrategy"] == ("NONE" if waits else "FULL")
    assert [catch["ErrorEquals"] for catch in task["Catch"]] == [["States.ALL"]]


@pytest.mark.parametrize(("machine", "name", "task"), LAMBDA_TASKS)
def test_retries_are_the_service_errors_crashes_and_exactly_what_heals(
    machine: Machine, name: str, task: dict[str, Any]
) -> None:
    retried = {error for retry in task["Retry"] for error in retry["ErrorEquals"]}
    heal = {error.__name__ for error in errors.HealingError.__subclasses__()}
    others = {error for error, stages in OF_SOME_STAGES.items() if name not in stages}
    assert retried == TRANSIENT | CRASHES | (heal - others), machine


def waits_for(error: str, state: str) -> list[float]:
    """The seconds before each retry of a state for an error, without jitter."""
    (retry,) = (
        retry
        for retry in states(Machine.LIFECYCLE)[state]["Retry"]
        if retry["ErrorEquals"] == [error]
    )
    return [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt, retry["MaxDelaySeconds"])
        for attempt in range(retry["MaxAttempts"])
    ]


def test_a_call_that_was_cut_off_is_waited_for_longer_than_any_function_may_run(
    template: dict[str, Any],
) -> None:
    longest = max(
        template["Resources"][stage.function]["Properties"].get("Timeout", 0)
        for stage in STAGES
        if stage.effect is not None
    )
    for state in OF_SOME_STAGES["EnvironmentSettlingError"]:
        waited = sum(waits_for("EnvironmentSettlingError", state))
        assert longest + MARGIN_SECONDS + 60 <= waited <= 2 * longest, state


def test_a_refusal_for_good_is_retried_for_about_a_minute() -> None:
    for stage in OF_SOME_STAGES["TagsNotVisibleError"]:
        waits = waits_for("TagsNotVisibleError", stage)
        # With full jitter a wait is half as long on average. The function itself gives up after `SECONDS`.
        assert late_tags.SECONDS <= sum(waits) / 2 <= late_tags.SECONDS + 15


@pytest.mark.parametrize(("machine", "name", "state"), ALL_STATES)
def test_choices_are_questions_and_other_states_are_phrases(
    machine: Machine, name: str, state: dict[str, Any]
) -> None:
    assert name.endswith("?") == (state["Type"] == "Choice"), machine
    assert re.fullmatch(r"[A-Z][a-z' ]+\??", name)


@pytest.mark.parametrize("machine", list(Machine))
def test_every_state_can_be_reached(machine: Machine) -> None:
    def targets(level: dict[str, Any]) -> None:
        names = {level["StartAt"]}
        for state in level["States"].values():
            names |= {rule["Next"] for rule in (*state.get("Choices", []), *state.get("Catch", []))}
            names |= {state[key] for key in ("Next", "Default") if key in state}
            for inner in (
                *state.get("Branches", []),
                *([state["ItemProcessor"]] if "ItemProcessor" in state else []),
            ):
                targets(inner)
        assert names == set(level["States"])

    targets(json.loads(FILES[machine].read_text()))


@pytest.mark.parametrize("machine", list(Machine))
def test_every_choice_has_a_default_and_every_substitution_is_given(
    machine: Machine, template: dict[str, Any]
) -> None:
    for name, state in states(machine).items():
        assert state["Type"] != "Choice" or "Default" in state, name
    logical_id = {"lifecycle": "LifecycleStateMachine", "fleet": "FleetStateMachine"}[machine]
    properties = template["Resources"][logical_id]["Properties"]
    used = set(re.findall(r"\$\{(\w+)\}", FILES[machine].read_text()))
    assert used == set(properties["DefinitionSubstitutions"])
    assert properties["DefinitionUri"] == f"statemachine/{machine}.asl.json"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "statemachine" / "inputs").glob("[!f]*.json")), ids=lambda p: p.name
)
def test_paste_ready_inputs_are_valid(path: Path) -> None:
    parse_request(json.loads(path.read_text()))


@pytest.mark.parametrize("machine", Machine)
def test_an_error_without_a_cause_is_told_all_the_same(machine: Machine) -> None:
    # The language only says that there should be one (Amazon States Language, "Error output").
    text = FILES[machine].read_text(encoding="utf-8")
    expressions = [json.loads(found) for found in re.findall(r'"\{% [^\n]*Cause[^\n]* %\}"', text)]
    assert expressions
    error = {"Error": "States.Timeout"}
    variables = {"failure": None, "states": {"errorOutput": error, "input": error}}
    for expression in expressions:
        assert evaluate(expression[2:-2].strip(), variables) == ""

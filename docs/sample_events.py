"""Writes `events/`: for each function of the stack one event, made from the models of the events.

`python docs/sample_events.py` writes the files. With `--check` it changes nothing and exits with status 1 if one is
stale. An event has what the definition passes to the function, with the values of this file.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel

from lifecycle.cases.judge import Returned
from lifecycle.cases.results import CaseResult
from lifecycle.evaluations.sessions import AskedSession
from lifecycle.fleet.select import Selection
from lifecycle.outcome.cause import RawFailure
from lifecycle.request.cases.plan import Batch
from lifecycle.request.evaluators.plan import EvaluationPlan, PlannedEvaluator
from lifecycle.request.model import parse_request
from lifecycle.stages import STAGES, TRIGGERS, Stage

ROOT = Path(__file__).resolve().parents[1]
EVENTS = ROOT / "events"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:by-hand"
"""An execution that does not exist: the next one that works on the environment takes its lock over."""
_LATER = 4102444800.0  # the year 2100, in seconds since the epoch
_SESSION = "by-hand-0123456789abcdef0123456789abcdef"
_CASE = {"prompt": "What is 6 times 7?", "expect": "42"}


def _request(**fields: Any) -> dict[str, Any]:
    return parse_request({"environment": "dev", **fields}).to_json()


_WITH_CASES = _request(smokeTest={"cases": [_CASE]})
_ROLLBACK = _request(action="rollback")
# By hand nobody deletes what he only wants to look at.
_TEARDOWN = _request(action="teardown", dryRun=True)
_VERIFICATION = {"action": "smokeTest", "environment": "dev", "autoRollback": True}
_FAILURE = RawFailure.model_validate({"Error": "SmokeTestError", "Cause": "the answer is wrong"})
_CASE_RESULT = CaseResult(index=0, asked=1, passed=1, milliseconds=[250])

_EVERYWHERE: dict[str, Any] = {
    "execution": EXECUTION,
    "input": {"environment": "dev"},
    "request": _request(),
    "deadline": _LATER,
    "learned": {},
    "endpoint": "DEFAULT",
    "casesDeadline": _LATER,
    "batch": Batch.model_validate({"from": 0, "to": 1}),
    "batches": 1,
    "step": 0,
    "total": 1,
    "failure": _FAILURE,
    "smokeTest": {"passed": True, "endpoint": "DEFAULT", "checks": [], "sessionId": _SESSION},
    "sessions": [AskedSession(id=_SESSION, questions=1)],
    "evaluations": EvaluationPlan(
        evaluators=[PlannedEvaluator(evaluator="Builtin.Helpfulness", min_score=0.5, level="TRACE")]
    ),
    "timings": {"prepare": 0.2},
    "repaired": [],
    "automatic": False,
    "selection": Selection(
        action="verify", max_concurrency=5, dry_run=False, selected=0, results_prefix="fleets/x/"
    ),
}
"""Values by the member's name; what is not here has not happened, and is null."""

_OF_FUNCTION: dict[str, dict[str, Any]] = {
    "plan_provision": {"request": _request(dryRun=True)},
    "plan_rollback": {"request": _request(action="rollback", dryRun=True)},
    "restore_version": {"request": _ROLLBACK},
    "prepare_rollback": {"input": _VERIFICATION},
    "run_cases": {"request": _WITH_CASES},
    "judge_cases": {
        "request": _WITH_CASES,
        "batches": [Returned(results=[_CASE_RESULT])],
    },
    "delete_gateway": {"request": _TEARDOWN},
    "delete_runtime": {"request": _TEARDOWN},
    "delete_credentials": {"request": _TEARDOWN},
    "delete_telemetry": {"request": _TEARDOWN},
    "delete_identity": {"request": _TEARDOWN},
    "delete_artifact": {"request": _TEARDOWN},
    "report_outcome": {"smokeTest": None},
    "select_environments": {"input": {"action": "verify"}},
}
"""Values that only one function gets, by its handler."""

_ENVELOPE = {
    "id": "3f0e7f52-4c1d-4f6c-9f0e-1a2b3c4d5e6f",
    "source": "agentcore.lifecycle",
    "detail-type": "Environment Rebuild Requested",
    "detail": {"environment": "dev"},
}
"""What EventBridge sends to the trigger; `envelope.json` has every member."""


def file_of(handler: str) -> Path:
    """Return the file with the event of a handler."""
    return EVENTS / f"{handler.replace('_', '-')}.json"


def model_of(handler: str) -> type[BaseModel]:
    """Return the model that a handler parses its event as."""
    module = importlib.import_module(f"handlers.{handler}")
    model = get_type_hints(inspect.unwrap(module.handler))["event"]
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise TypeError(f"{handler}: its event is no model")
    return model


def payload_of(stage: Stage) -> dict[str, Any]:
    """Return what the definition passes to the function of a stage: expressions by the member's name."""
    definition = json.loads((ROOT / f"statemachine/{stage.machine}.asl.json").read_text("utf-8"))
    (found,) = [state for name, state in _states(definition) if name == stage.state]
    payload: dict[str, Any] = found["Arguments"]["Payload"]
    return payload


def _states(scope: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, state in scope["States"].items():
        found.append((name, state))
        for inner in [*state.get("Branches", []), state.get("ItemProcessor")]:
            found += _states(inner) if inner else []
    return found


def events() -> dict[str, dict[str, Any]]:
    """Return the event of each function, by its handler."""
    made = {trigger.handler: _event(trigger.handler, _ENVELOPE) for trigger in TRIGGERS}
    for stage in STAGES:
        if stage.handler in made:
            continue
        values = {**_EVERYWHERE, **_OF_FUNCTION.get(stage.handler, {})}
        payload = payload_of(stage)
        made[stage.handler] = _event(stage.handler, {name: values.get(name) for name in payload})
    return made


def _event(handler: str, values: dict[str, Any]) -> dict[str, Any]:
    model = model_of(handler)
    plain = json.loads(json.dumps(values, default=_plain))
    written = model.model_validate(plain).model_dump(mode="json", by_alias=True)
    return {name: written[name] for name in values}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"{type(value).__name__} is not JSON")


def text_of(event: dict[str, Any]) -> str:
    """Return an event as its file has it."""
    return json.dumps(event, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the events, or check them; returns the exit status."""
    stale = 0
    for handler, event in events().items():
        file = file_of(handler)
        fresh = text_of(event)
        if file.exists() and file.read_text("utf-8") == fresh:
            continue
        stale = 1
        if "--check" in arguments:
            told = f"events/{file.name}: stale; run python docs/sample_events.py\n"
            sys.stderr.write(told)
        else:
            file.write_text(fresh, encoding="utf-8")
    return stale if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`events/` has one event for each function, fresh from the models, with what the definition passes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from docs import sample_events
from lifecycle.request.model import Request, parse_request
from lifecycle.stages import STAGES, TRIGGERS
from tests.docs.pages import ROOT

BY_HAND = {"envelope", "rebuild-requested"}
"""Files of `events/` that are for EventBridge, not for a function."""
HANDLERS = list(dict.fromkeys(one.handler for one in (*TRIGGERS, *STAGES)))


def test_the_events_are_fresh_and_none_is_left_over() -> None:
    done = subprocess.run(
        [sys.executable, "docs/sample_events.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    files = {file.stem for file in (ROOT / "events").iterdir()}
    assert files == {sample_events.file_of(handler).stem for handler in HANDLERS} | BY_HAND
    assert {f"{path.stem}" for path in (ROOT / "functions/handlers").glob("[a-z]*.py")} == set(
        HANDLERS
    )


def test_a_stale_event_fails_the_check_and_is_written_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sample_events, "EVENTS", tmp_path)
    assert sample_events.main([]) == 0
    file = sample_events.file_of("check_runtime")
    fresh = file.read_text()
    file.write_text("{}")
    assert sample_events.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("events/check-runtime.json: stale; run python docs/")
    assert sample_events.main([]) == 0
    assert file.read_text() == fresh


@pytest.mark.parametrize("handler", HANDLERS)
def test_each_is_what_its_handler_and_the_definition_take(handler: str) -> None:
    event = json.loads((ROOT / sample_events.file_of(handler)).read_text("utf-8"))
    model = sample_events.model_of(handler)
    parsed = model.model_validate(event)
    if handler not in {trigger.handler for trigger in TRIGGERS}:  # one takes any value
        with pytest.raises(ValidationError):
            model.model_validate({**event, "execution": 1})
    payloads = [
        set(sample_events.payload_of(stage))
        for stage in STAGES
        if stage.handler == handler and stage.state != "Report the failure"
    ]
    if payloads:
        assert set(event) in payloads
    # States that share a function pass what is theirs, and the model knows all of it.
    taken = {field.alias or name for name, field in model.model_fields.items()}
    for payload in payloads:
        assert payload <= taken
    request = getattr(parsed, "request", None)
    if isinstance(request, Request):
        # What the first state would return for it, and nothing that a person must not run.
        assert parse_request(event["request"]).to_json() == event["request"]
        assert request.action != "teardown" or request.dry_run

"""The evaluations run on the record in moto, on log groups in this process, and on the local AWS's stand-in judge."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.functions.lifecycle.cases.conftest import cognito_key as cognito_key
from tests.functions.lifecycle.cases.conftest import fake_clients as fake_clients
from tests.functions.lifecycle.cases.conftest import function_environment as function_environment
from tests.functions.lifecycle.cases.conftest import iam as iam
from tests.functions.lifecycle.cases.conftest import provider_key as provider_key
from tests.functions.lifecycle.cases.conftest import smoke as smoke
from tests.functions.lifecycle.cases.conftest import world as world
from tests.functions.lifecycle.evaluations.evaluation_world import EvaluationWorld


@pytest.fixture
def evaluations(iam: Any, monkeypatch: pytest.MonkeyPatch) -> EvaluationWorld:
    """An environment whose smoke test has passed so far, with a clock of its own."""
    made = EvaluationWorld(iam, time.time())
    monkeypatch.setattr(time, "time", lambda: made.now)
    return made

"""The pages of outputs and fleets name every field of the models."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from lifecycle.artifact.publish import PublishedArtifact
from lifecycle.cases.results import CaseReport, CasesReport
from lifecycle.fleet.failures import ItemResult
from lifecycle.fleet.orphans import Orphan
from lifecycle.fleet.report import FleetReport
from lifecycle.identity.provision import AuthOutput
from lifecycle.outcome.report import OutcomeEvent
from lifecycle.plan.output import (
    Cost,
    Difference,
    PlannedArtifact,
    PlannedPromotion,
    PlannedResource,
    PlannedRuntime,
    ProvisionPlan,
)
from lifecycle.runtime.description import DeployedRuntime
from lifecycle.runtime.promotion import PromotedVersion
from lifecycle.smoke_test.gate import Check
from lifecycle.smoke_test.run import SmokeTestReport
from lifecycle.teardown import Kept, Teardown
from tests.docs.pages import code_in, output_rows


def aliases(*models: type[BaseModel]) -> set[str]:
    return {str(field.alias) for model in models for field in model.model_fields.values()}


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_the_table_names_every_field(folder: str) -> None:
    own = output_rows(f"{folder}/outputs.md", "environment")
    # What goes in comes out: but for how it is asked, what was learned, and what becomes `failure`.
    apart = {"request", "failure", "verification", "teardownFailure", "learned"}
    came_in = aliases(OutcomeEvent) - apart
    assert own.keys() == {"environment", "action", *came_in}
    inner = {
        "runtime": aliases(DeployedRuntime),
        "auth": aliases(AuthOutput),
        "artifact": aliases(PublishedArtifact),
        "smokeTest": aliases(SmokeTestReport, Check, CasesReport, CaseReport) | {"cases"},
        "promotion": aliases(PromotedVersion),
        "teardown": aliases(Teardown, Kept) - {"done"} | {"dryRun"},
    }
    for field, names in inner.items():
        assert names - set(code_in(own[field])) == set(), field


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_the_table_of_a_plan_names_every_field(folder: str) -> None:
    plan = output_rows(f"{folder}/outputs.md", "identity")
    assert plan.keys() == aliases(ProvisionPlan)
    inner = {
        "identity": aliases(PlannedResource),
        "artifact": aliases(PlannedArtifact),
        "runtime": aliases(PlannedRuntime) | {"member", "from", "to"},
        "promotion": aliases(PlannedPromotion),
        "cost": aliases(Cost),
    }
    assert {field.serialization_alias for field in Difference.model_fields.values()} == {
        "member",
        "from",
        "to",
    }
    for field, names in inner.items():
        assert names - set(code_in(plan[field])) == set(), field


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_the_table_of_a_fleet_names_every_field(folder: str) -> None:
    fleet = output_rows(f"{folder}/fleets.md", "action")
    assert fleet.keys() == aliases(FleetReport)
    assert aliases(ItemResult) - set(code_in(fleet["failures"])) == set()
    assert aliases(Orphan) - set(code_in(fleet["orphans"])) == set()

"""The page of deploying names parameters, options and outputs that there are."""

from __future__ import annotations

import re

import pytest
import yaml

from lifecycle.stages import STAGES, TRIGGERS
from tests.docs.pages import ENGLISH, code_in, text_of


def section(name: str) -> str:
    """The lines of a section of the template."""
    found = re.search(rf"^{name}:\n((?:^[ #].*\n|^\n)+)", text_of("template.yaml"), re.MULTILINE)
    assert found is not None
    return found[1]


def test_every_parameter_that_is_named_is_one_of_the_template() -> None:
    template = section("Parameters")
    text = "".join(map(text_of, ENGLISH))
    enabled = set(re.findall(r"`(\w+)=ENABLED`", text))
    assert {"RebuildEvents", "SourceEvents", "SweepSchedule"} <= enabled
    named = {"ModelId", "FoundationModelId", "SourceBucket", "NotificationEmail"}
    schedules = {"RebuildSchedule", "SweepSchedule", "VerifySchedule", "RebuildScheduleExpression"}
    for name in named | schedules:
        assert f"`{name}`" in text_of("docs/deploying.md")
    for name in enabled | named | schedules:
        assert re.search(rf"^  {name}:$", template, re.MULTILINE), name


def test_every_switch_of_the_template_is_on_the_page() -> None:
    parameters = yaml.safe_load(section("Parameters"))
    switches = [name for name, of in parameters.items() if of.get("Default") == "DISABLED"]
    assert len(switches) == 6
    for name in switches:
        assert name in text_of("docs/deploying.md")


@pytest.mark.parametrize(
    ("name", "page"),
    [("LostEventsUrl", "docs/deploying.md"), ("FleetStateMachineArn", "docs/fleets.md")],
)
def test_every_output_that_is_named_is_one_of_the_template(name: str, page: str) -> None:
    assert name in text_of(page)
    assert re.search(rf"^  {name}:$", section("Outputs"), re.MULTILINE)


def test_every_function_that_is_named_is_a_stage() -> None:
    known = {each.function for each in (*STAGES, *TRIGGERS)}
    for page in ENGLISH:
        named = [name for name in code_in(text_of(page)) if re.fullmatch(r"\w+Function", name)]
        assert set(named) <= known
    assert "`PublishArtifactFunction`" in text_of("docs/deploying.md")

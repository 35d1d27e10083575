"""The page of operating has each alarm, parameter and metric that there is, with all three questions answered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lifecycle.fleet import gauges
from tests.docs.pages import code_in, headings_of, tables_of, text_of
from tests.functions.test_policies import plain_template

ENGLISH, JAPANESE = "docs/operations.md", "docs/ja/operations.md"
QUESTIONS = {
    ENGLISH: ("**What happened:**", "**Where to look:**", "**What to do:**"),
    JAPANESE: ("**何が起きたか：**", "**どこを見るか：**", "**何をするか：**"),
}


def alarms() -> dict[str, dict[str, Any]]:
    resources = plain_template()["Resources"].items()
    return {
        name: resource["Properties"]
        for name, resource in resources
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def sections(page: str) -> dict[str, str]:
    """The section of each alarm, by the alarm's name: the code at its beginning."""
    parts = re.split(r"^### .+$", text_of(page), flags=re.MULTILINE)[1:]
    return {code_in(part)[0]: part.split("\n## ")[0] for part in parts}


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_each_alarm_has_a_section_that_answers_all_questions(page: str) -> None:
    found = sections(page)
    assert set(found) == set(alarms())
    for name, text in found.items():
        for question in QUESTIONS[page]:
            assert text.count(question) == 1, (name, question)


def test_each_alarm_names_the_section_that_it_links_to() -> None:
    headings = {text for _, text in headings_of(ENGLISH)}
    for name, alarm in alarms().items():
        named = re.search(r'docs/operations\.md, "(.+)"\.$', alarm["AlarmDescription"])
        assert named is not None, name
        assert named[1] in headings
        assert f"### {named[1]}\n\n`{name}`:" in text_of(ENGLISH)


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_thresholds_are_those_of_the_template(page: str) -> None:
    for name in ("LocksHeldTooLong", "ExpiredNotSwept"):
        hours = alarms()[name]["Threshold"] // 3600
        assert re.search(rf"\b{hours} (hours|時間)", sections(page)[name]), name


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_each_metric_is_in_the_table(page: str) -> None:
    (table,) = [table for table in tables_of(page) if "Succeeded" in table.rows[0][0]]
    named = {name for row in table.rows for name in code_in(row[0])}
    ours = {value for name, value in vars(gauges).items() if name.isupper()}
    assert named == ours | {"Succeeded", "Failed"}


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE])
def test_each_parameter_is_one_of_the_template(page: str) -> None:
    named = {name for row in tables_of(page)[0].rows for name in code_in(row[0])}
    assert named == {"NotificationEmail", "AlarmTopicArn", "Dashboard"}
    assert named <= set(plain_template()["Parameters"])

"""The page and the JUnit XML of a report."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cli.errors import UsageError
from cli.report.files import FORMATS, ReportError, format_of, write
from cli.report.html import html
from cli.report.junit import junit
from tests.cli.report.example import example, write_example

VOID = {"meta", "rect", "circle"}


class Page(HTMLParser):
    """Reads a page; fails at an element that is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


@pytest.mark.parametrize("fleet", [False, True])
def test_the_page_loads_nothing_runs_nothing_and_is_named(*, fleet: bool) -> None:
    text = html(example(fleet=fleet))
    page = Page(text)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for _, attributes in page.elements:
        assert not {name for name in attributes if name.startswith("on")} | (
            {"style", "src"} & attributes.keys()
        )
    (policy,) = (
        one["content"] or ""
        for one in page.all("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    )
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "url(" not in style
    assert "@import" not in style
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for section in page.all("section"):
        assert section["aria-labelledby"] in ids
    for bar in (one for one in page.all("svg") if one.get("role") == "img"):
        assert bar["aria-label"]


def test_the_page_says_what_happened_and_escapes_it() -> None:
    text = html(example())
    page = Page(text)
    for said in (
        "provision of shop failed",
        "SmokeTestError",
        "check 'cases': <b>2 of 4</b> passed & no more",
        '{"answer": "<script>sunny</script>"}',
        "lifecycle show --stack mine shop",
        "1 of 2 checks passed",
        "7 cases are left out",
        "it rained",
        "the description was changed by hand",
        "Prices of",
        "(not shown)",
    ):
        assert said in page.words
    labels = [one.get("aria-label") or "" for one in page.all("svg")]
    assert (
        "Publish the artifact: begins after 2.0 s, takes 1 min 10 s, 1 wait, 1 min 6 s in all, 1 retry"
        in labels
    )


def test_the_steps_of_a_canary_or_why_there_were_none() -> None:
    words = Page(html(example())).words
    assert "Version 2 beside version 1. These steps passed:" in words
    assert "WeightCallsErrorsQuestionsJudgment" in words
    assert (
        "5 %1240343 of 1240 calls failed; about 62 calls reached the version, too <b>few</b>"
        in words
    )
    canary: dict[str, Any] = {"version": "2", "liveVersion": "1", "direct": None, "steps": []}
    words = Page(html(example(output={"canary": canary}))).words
    assert "Version 2 beside version 1. No step passed." in words
    direct: dict[str, Any] = {
        "version": None,
        "liveVersion": None,
        "direct": "it is the first",
        "steps": [],
    }
    words = Page(html(example(output={"canary": direct}))).words
    assert "Promoted directly: it is the first." in words
    assert "beside" not in words


def test_the_name_of_an_environment_keeps_its_first_letter() -> None:
    """In Japanese, the heading begins with it."""
    look = re.search(r"([^\n{}]*)h1::first-letter", html(example(), "ja"))
    assert look is not None
    assert look[1] == ":lang(en) "


def test_the_bars_are_where_the_spans_are() -> None:
    page = Page(html(example()))
    waits = [one for one in page.all("rect") if one["class"] == "wait" and "%" in (one["x"] or "")]
    assert [(one["x"], one["width"]) for one in waits] == [("3.333%", "55.0%")]
    (retry,) = [one for one in page.all("circle") if "%" in (one["cx"] or "")]
    assert retry["cx"] == "2.5%"


def test_a_report_of_nothing_yet_is_a_page() -> None:
    nothing: dict[str, Any] = {
        "stages": [],
        "output": None,
        "failure": None,
        "endedAt": None,
        "status": "RUNNING",
    }
    empty: dict[str, Any] = {"versions": None, "asked": {}, "next": [], "seconds": 0.0}
    words = Page(html(example(**nothing, **empty))).words
    for said in ("still runs", "No stage has begun", "every default"):
        assert said in words


def test_the_page_of_a_fleet_has_a_row_for_each_environment() -> None:
    page = Page(html(example(fleet=True)))
    assert "1203 in all: 1202 succeeded, 1 failed. 1201 are left out of this table." in page.words
    assert [one["href"] for one in page.all("a")] == ["https://example.com/x"]


def cases_of(report: dict[str, Any]) -> dict[str, ET.Element]:
    suite = ET.fromstring(junit(report)).find("testsuite")  # noqa: S314 - we wrote it
    assert suite is not None
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases))
    failed = [case for case in cases if case.find("failure") is not None]
    assert suite.get("failures") == str(len(failed))
    return {f"{case.get('classname')}/{case.get('name')}": case for case in cases}


def test_junit_has_a_case_for_each_check_case_and_evaluator() -> None:
    cases = cases_of(example())
    of = "lifecycle shop"
    assert list(cases) == [
        f"{of}.execution/cli-20261123-020000-4f2a9c",
        f"{of}.smokeTest/A garbage token is refused",
        f"{of}.smokeTest/The cases pass",
        f"{of}.gateway/SigV4 is refused",
        f"{of}.cases/fails",
        f"{of}.cases/greets",
        f"{of}.evaluations/Builtin.Correctness",
    ]
    failure = cases[f"{of}.cases/fails"].find("failure")
    assert failure is not None
    assert failure.get("message") == "0 of 2 answers passed: no\ufffd match"
    assert cases[f"{of}.cases/greets"].find("failure") is None
    failure = cases[f"{of}.evaluations/Builtin.Correctness"].find("failure")
    assert failure is not None
    assert "score 0.5, minScore 0.8" in (failure.text or "")


def test_junit_of_a_fleet_and_of_what_still_runs() -> None:
    cases = cases_of(example(fleet=True))
    assert [name.rpartition("/")[2] for name in cases][1:] == ["bad", "good"]
    failure = cases["fleet verify.environments/bad"].find("failure")
    assert failure is not None
    assert failure.get("type") == "SmokeTestError"
    (running,) = cases_of(
        example(endedAt=None, failure=None, output=None, status="RUNNING")
    ).values()
    assert running.find("skipped") is not None


def test_junit_of_a_fleet_whose_input_has_what_xml_cannot() -> None:
    (name,) = {each.split(".")[0] for each in cases_of(example(fleet=True, action="a\x01b\ud800"))}
    assert name == "fleet a\ufffdb\ufffd"


def test_the_ending_of_a_file_says_its_format(tmp_path: Path) -> None:
    for ending, kind in FORMATS.items():
        file = tmp_path / f"x{ending}"
        assert format_of(file) == kind
        write(example(), file, kind)
        assert file.stat().st_size > 1000
    for name in ("x.pdf", "none/x.html"):
        with pytest.raises(UsageError, match=str(tmp_path / name)):
            format_of(tmp_path / name)
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        format_of(tmp_path / "folder.html")
    with pytest.raises(ReportError, match="cannot be written"):
        write(example(), tmp_path / "none" / "x.xml", "junit")


@pytest.mark.parametrize(("ending", "kind"), FORMATS.items())
def test_half_a_surrogate_pair_is_written_as_an_escape(
    tmp_path: Path, ending: str, kind: str
) -> None:
    report = {**example(), "failure": {"error": "SmokeTestError", "cause": "seen \ud800"}}
    write(report, tmp_path / f"x{ending}", kind)
    assert (tmp_path / f"x{ending}").read_text("utf-8")


def test_the_example_is_written_for_a_browser(tmp_path: Path) -> None:
    assert write_example(tmp_path / "x.html").read_text("utf-8").startswith("<!doctype html>")

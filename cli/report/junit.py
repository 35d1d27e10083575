"""A report as JUnit XML, which CI systems read: a test case for each check, case, evaluator or environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

# XML 1.0 has no other control characters, and no halves of surrogate pairs.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# The sections of an output that have checks, and the error of a check that failed.
_TESTS = {"smokeTest": "SmokeTestError", "gateway": "GatewayTestError"}


@dataclass(frozen=True)
class _Case:
    group: str
    name: str
    seconds: float = 0.0
    failure: tuple[str, str] | None = None
    skipped: str | None = None


def junit(report: dict[str, Any]) -> str:
    """Return JUnit XML with one test suite.

    Args:
        report: What `cli.report.content.content` returns.
    """
    about = report["action" if report["kind"] == "fleet" else "environment"]
    of = report["kind"] if about is None else f"{report['kind']} {about}"
    cases = list(_cases(report))
    counts = {
        "name": _xml(of),
        "tests": str(len(cases)),
        "failures": str(sum(case.failure is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.skipped is not None for case in cases)),
        "time": f"{report['seconds']:.3f}",
    }
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {**counts, "timestamp": report["startedAt"][:19]})
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report):
        ET.SubElement(properties, "property", {"name": name, "value": _xml(value)})
    for case in cases:
        _add(suite, case, of)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _add(suite: ET.Element, case: _Case, of: str) -> None:
    attributes = {
        "classname": _xml(f"{of}.{case.group}"),
        "name": _xml(case.name),
        "time": f"{case.seconds:.3f}",
    }
    element = ET.SubElement(suite, "testcase", attributes)
    if case.failure is not None:
        kind, reason = (_xml(text) for text in case.failure)
        line = " ".join(reason.split())
        ET.SubElement(element, "failure", {"type": kind, "message": line}).text = reason
    elif case.skipped is not None:
        ET.SubElement(element, "skipped", {"message": _xml(case.skipped)})


def _cases(report: dict[str, Any]) -> Iterator[_Case]:
    failure, runs = report["failure"], report["endedAt"] is None
    yield _Case(
        "execution",
        report["name"],
        report["seconds"],
        (failure["error"], failure["cause"]) if failure else None,
        "it still runs" if runs else None,
    )
    for row in (report["fleet"] or {}).get("rows", ()):
        failed = row["status"] != "SUCCEEDED"
        reason = (row["error"] or "FAILED", row["cause"] or "no cause is known") if failed else None
        yield _Case("environments", row["environment"], 0.0, reason)
    tested = (report["output"] or {}).get("smokeTest") or {}
    for section, error in _TESTS.items():
        for check in ((report["output"] or {}).get(section) or {}).get("checks") or ():
            said = f"expected {check['expected']}, seen {check['seen']}"
            failed = not check.get("passed", True)
            seconds = (check.get("milliseconds") or 0) / 1000
            yield _Case(section, check["name"], seconds, (error, said) if failed else None)
    cases = tested.get("cases") or {}
    for one in cases.get("results") or ():
        failed = one["passed"] < one["asked"]
        said = f"{one['passed']} of {one['asked']} answers passed: {one['reason']}"
        reason = ("CaseFailed", said) if failed else None
        yield _Case("cases", one["name"], one["seconds"] or 0.0, reason)
    for one in tested.get("evaluations") or ():
        said = one["error"] or (
            f"score {one['score']}, minScore {one['minScore']}: {one['label']}: {one['explanation']}"
        )
        reason = None if one["passed"] else ("EvaluationFailed", said)
        yield _Case("evaluations", one["evaluator"], 0.0, reason)


def _properties(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "execution", report["execution"]
    yield "status", report["status"]
    yield "place", report["place"]
    for name, value in (report["versions"] or {}).items():
        if value is not None:
            yield f"versions.{name}", str(value)
    if left_out := (report["fleet"] or {}).get("leftOut"):
        yield "environmentsLeftOut", str(left_out)
    cases = ((report["output"] or {}).get("smokeTest") or {}).get("cases") or {}
    if omitted := cases.get("omitted"):
        yield "casesOmitted", str(omitted)
    yield "estimatedCostUsd", f"{report['cost']['total']:f}"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)

"""The cases of the smoke test in the input: what is accepted, and how a refusal names the field."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.request.cases.lines import MOST_CASES, read_lines
from lifecycle.request.cases.plan import MOST_BATCHES, divide
from lifecycle.request.model import Request, parse_request

ASKED = {"prompt": "6 × 7?", "expect": "42"}


def refusal(**smoke_test: Any) -> str:
    request = smoke_test.pop("request", {})
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({**request, "smokeTest": smoke_test})
    return str(caught.value)


def test_cases_are_kept_as_they_are() -> None:
    cases: list[dict[str, Any]] = [
        {**ASKED, "name": "product", "maxSeconds": 2},
        {"payload": {"input": {"n": [1, 2.5, None, True]}}, "reject": "error", "path": "a.b[0]"},
    ]
    limits = {"minPassRate": 0.9, "maxP95Seconds": 3, "repeat": 5}
    request = parse_request({"smokeTest": {"cases": cases, **limits}})
    assert request.smoke_test.cases[1].payload == cases[1]["payload"]
    assert request.smoke_test.has_cases
    assert Request.model_validate(request.to_json()) == request


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"expect": "a"}, "smokeTest.cases.0: given ['expect'], allowed: exactly one of prompt"),
        ({**ASKED, "payload": {}}, "allowed: exactly one of prompt and payload"),
        ({"prompt": "a"}, "smokeTest.cases.0: given ['prompt'], allowed: expect, reject or both"),
        ({**ASKED, "expect": "("}, "smokeTest.cases.0.expect: given '(', allowed: a valid regular"),
        ({**ASKED, "reject": "("}, "smokeTest.cases.0.reject: given '(', allowed: a valid regular"),
        ({**ASKED, "expct": "a"}, "smokeTest.cases.0.expct: unknown field (did you mean expect?)"),
        (
            {**ASKED, "maxSeconds": 0},
            "smokeTest.cases.0.maxSeconds: given 0, allowed: 0.001 to 600",
        ),
        ({**ASKED, "name": "a\nb"}, "smokeTest.cases.0.name: given 'a\\nb', allowed: 1 to 64"),
        ({**ASKED, "path": "a["}, "smokeTest.cases.0.path: given 'a[', allowed: a JMESPath"),
        ({**ASKED, "path": "[@, @] | [@, @]"}, "of its own (multi select list)"),
        ({**ASKED, "path": "{a: @}"}, "of its own (multi select dict)"),
        ({**ASKED, "path": "to_string(@)"}, "of its own (function expression)"),
        ({**ASKED, "path": "a[?length(b) > `1`]"}, "of its own (function expression)"),
        (
            {"payload": {"": 1}, "expect": "a"},
            "smokeTest.cases.0.payload: given a dict (not shown)",
        ),
        ({"payload": {"n": 2**53}, "expect": "a"}, "whose numbers are at most 9007199254740991"),
        ({"payload": {"n": 1e-200}, "expect": "a"}, "smokeTest.cases.0.payload"),
        ({"payload": {"n": float("inf")}, "expect": "a"}, "smokeTest.cases.0.payload"),
        ({"payload": {"n": ["\ud800"]}, "expect": "a"}, "whose texts UTF-8 can carry"),
        ({"payload": [1], "expect": "a"}, "smokeTest.cases.0.payload: given a list (not shown)"),
        ({"prompt": 5, "expect": "a"}, "smokeTest.cases.0.prompt: given a int (not shown)"),
    ],
)
def test_a_wrong_case_is_refused_by_its_field(case: dict[str, Any], said: str) -> None:
    message = refusal(cases=[case])
    assert said in message
    assert message.isprintable()


@pytest.mark.parametrize(
    "path",
    [
        "a.b[0]",
        "a[*].b",
        "items[?name == 'x'].value | [0]",
        '"a b".c[-1]',
        "a[].b[::2]",
        "a || b",
        "a.*.b",
        "@",
    ],
)
def test_a_path_that_only_chooses_is_accepted(path: str) -> None:
    assert parse_request({"smokeTest": {"cases": [{**ASKED, "path": path}]}}).smoke_test.has_cases


@pytest.mark.parametrize(
    ("smoke_test", "said"),
    [
        ({"cases": [ASKED] * 21}, "smokeTest.cases: given"),
        ({"cases": [ASKED], "casesFrom": {"bucket": "abc", "key": "k"}}, "cases or casesFrom, not"),
        (
            {"cases": [{**ASKED, "name": "a"}, {**ASKED, "name": "a"}]},
            "smokeTest.cases.1.name: given 'a', allowed: each name once",
        ),
        ({"minPassRate": 0.5}, "smokeTest.minPassRate: given 0.5, allowed: only with smokeTest.c"),
        ({"repeat": 2}, "smokeTest.repeat: given 2, allowed: only with smokeTest.cases"),
        ({"maxP95Seconds": 2}, "smokeTest.maxP95Seconds: given 2"),
        ({"cases": [ASKED], "minPassRate": 0}, "smokeTest.minPassRate: given 0, allowed: 0.001"),
        ({"cases": [ASKED], "repeat": 21}, "smokeTest.repeat: given 21, allowed: 1 to 20"),
        ({"casesFrom": {"bucket": "a..b", "key": "k"}}, "smokeTest.casesFrom.bucket: given 'a..b'"),
    ],
)
def test_cases_that_do_not_fit_together_are_refused(smoke_test: dict[str, Any], said: str) -> None:
    assert said in refusal(**smoke_test)


def test_a_whole_payload_is_for_http_alone() -> None:
    message = refusal(
        cases=[ASKED, {"payload": {"secret": "x"}, "expect": "a"}],
        request={"runtime": {"protocol": "MCP"}},
    )
    assert "smokeTest.cases.1.payload: given 'a payload', allowed: only with runtime.pro" in message
    assert "secret" not in message


GOOD = b'{"prompt": "a", "expect": "b"}'


def refused_lines(body: bytes, protocol: str = "HTTP") -> str:
    with pytest.raises(InvalidRequestError) as caught:
        read_lines(body, protocol)
    return str(caught.value)


def test_each_line_is_a_case() -> None:
    body = b"\xef\xbb\xbf" + GOOD + b"\r\n\n" + b'{"name": "n", "prompt": "c", "reject": "d"}\n'
    assert [(case.prompt, case.name) for case in read_lines(body, "HTTP")] == [
        ("a", None),
        ("c", "n"),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"prompt": "a", "expect": "("}', "line 17: expect: given '(', allowed: a valid regular"),
        (b'{"prompt": "a"}', "line 17: given ['prompt'], allowed: expect, reject or both"),
        (b'{"prompt": "a", "expect": "b", "colour": 1}', "line 17: colour: unknown field"),
        (b'{"prompt": "the secret", "expect": 1}', "line 17: expect: given 1, allowed"),
        (b'{"payload": {}, "expect": "a", "prompt": "x"}', "line 17: given ['expect', 'payload'"),
        (b"the secret", "line 17: given no JSON object in UTF-8"),
        (b'["the secret"]', "line 17: given no JSON object in UTF-8"),
        (b'{"prompt": "\xff", "expect": "a"}', "line 17: given no JSON object in UTF-8"),
        (b'{"payload": {"n": NaN}, "expect": "a"}', "line 17: given no JSON object"),
        (b'{"payload": {"n": 1e400}, "expect": "a"}', "line 17: payload: given a dict (not sh"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "line 17: a: given JSON of more than 25 levels"),
        (b'{"a":' * 9999 + b"1" + b"}" * 9999, "line 17: "),
        (b'{"detail-type": "x", "detail": ' + GOOD + b"}", "line 17: detail-type: unknown field"),
    ],
)
def test_a_bad_line_is_named(line: bytes, said: str) -> None:
    message = refused_lines(b"\n".join([GOOD] * 16 + [line, GOOD, b"also bad"]))
    assert message.startswith(f"smokeTest.casesFrom: {said}")
    assert "secret" not in message
    assert message.isprintable()


def test_names_are_told_apart_over_all_lines() -> None:
    named = b'{"name": "n", "prompt": "a", "expect": "b"}'
    assert "line 3: name: given 'n', allowed: each name once (line 1 has it)" in refused_lines(
        b"\n".join([named, GOOD, named])
    )


def test_lines_have_a_payload_only_for_http() -> None:
    line = b'{"payload": {"a": 1}, "expect": "b"}'
    assert read_lines(line, "HTTP")[0].payload == {"a": 1}
    assert "line 1: payload: given a payload, allowed: only with" in refused_lines(line, "MCP")


def test_the_number_of_lines_is_limited() -> None:
    assert len(read_lines(b"\n".join([GOOD] * MOST_CASES), "HTTP")) == MOST_CASES
    assert "given more than 1000 cases" in refused_lines(b"\n".join([GOOD] * (MOST_CASES + 1)))
    assert "given no case" in refused_lines(b"\n\n")


def test_batches_have_every_case_once_and_about_the_same_size() -> None:
    for total in (*range(1, 60), 200, 399, 400, 401, 999, MOST_CASES):
        batches = divide(total)
        asked = [index for batch in batches for index in range(batch.first, batch.end)]
        assert asked == list(range(total))
        sizes = {batch.end - batch.first for batch in batches}
        assert max(sizes) - min(sizes) <= 1
        assert len(batches) <= MOST_BATCHES
        assert len(batches) >= min(4, total)
    assert [batch.model_dump(by_alias=True) for batch in divide(1)] == [{"from": 0, "to": 1}]

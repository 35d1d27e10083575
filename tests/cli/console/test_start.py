"""`/start`: the form of the input, its errors, and what it starts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from cli.console.inputs.checked import Fault, faults_of
from cli.console.inputs.examples import examples
from cli.console.inputs.fields import form_fields, leaves
from cli.console.inputs.meanings import meaning_of
from cli.console.inputs.typed import read_typed, texts_of
from cli.console.words.texts import texts
from lifecycle.request.model import Request, parse_request
from tests.cli.commands.conftest import MACHINE

HTMX = {"HX-Request": "true"}
PRIVATE = "only-for-the-agent"


def test_every_field_of_the_model_is_typed() -> None:
    assert {one.path for one in form_fields()} == {
        field.alias for field in Request.model_fields.values()
    }
    kinds = {path: one.kind for path, one in leaves().items()}
    assert kinds["action"] == "choice"
    assert kinds["wait.timeoutSeconds"] == "number"
    assert kinds["artifact.source.bucket"] == "line"
    assert kinds["auth.allowedScopes"] == "lines"
    assert kinds["runtime.environmentVariables"] == kinds["tags"] == "json"
    assert kinds["dryRun"] == "flag"
    private = {path for path, one in leaves().items() if one.private}
    assert private == {
        "runtime.environmentVariables",
        "gateway.test.arguments",
        "smokeTest.prompt",
        "smokeTest.cases",
    }


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_field_says_what_it_is_for(language: str) -> None:
    words = texts(language)
    for one in leaves().values():
        meaning = meaning_of(one, words)
        assert meaning, one.path
        assert "](" not in meaning
        assert "`" not in meaning
        assert "&lt;code" not in meaning
        if language == "ja":
            assert re.search(r"[ぁ-ヿ一-龯]", meaning), one.path


@pytest.mark.parametrize("name", list(examples()))
def test_an_example_survives_the_form(name: str) -> None:
    example = examples()[name]
    typed = read_typed(texts_of(example))
    assert typed.problems == {}
    assert parse_request(typed.value) == parse_request(example)


def test_there_are_examples_of_both_folders() -> None:
    assert {"default", "cases", "envelope"} <= examples().keys()
    assert "rebuild-requested" not in examples()


def test_the_form(browser: TestClient) -> None:
    page = browser.get("/start?environment=shop&example=cases").text
    assert (
        'name="environment" aria-describedby="environment-hint environment-error" value="shop"'
        in page
    )
    assert "no stack trace" in page
    for path, one in leaves().items():
        assert f'name="{path}"' in page
        assert f'id="{one.id}-error"' in page
    described = re.findall(r'aria-describedby="([^"]+)"', page)
    ids = set(re.findall(r' id="([^"]+)"', page))
    assert {one for names in described for one in names.split()} <= ids
    assert "この" not in page
    japanese = browser.get("/start", headers={"Accept-Language": "ja"}).text
    assert "ランタイムの説明" in japanese


def test_hostile_values_are_escaped(browser: TestClient) -> None:
    hostile = '"><script>alert(1)</script>'
    page = browser.get("/start", params={"environment": hostile, "example": hostile}).text
    assert "<script>alert" not in page
    for headers in ({}, HTMX):
        answer = browser.post("/start", data={"environment": hostile}, headers=headers)
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;" in answer.text


def test_it_says_what_the_command_says(browser: TestClient) -> None:
    data = {
        "environment": "Shop",
        "wait.timeoutSeconds": "soon",
        "artifact.source.bucket": "bucket",
        "auth.flow": "password",
        "auth.type": "iam",
        "tags": "{",
    }
    answer = browser.post("/start/check", data=data, headers=HTMX)
    assert answer.status_code == 200
    value = {
        "environment": "Shop",
        "wait": {"timeoutSeconds": "soon"},
        "artifact": {"source": {"bucket": "bucket"}},
        "auth": {"type": "iam", "flow": "password"},
    }
    faults = faults_of(value, "--stack mine")
    assert {one.path for one in faults} == {
        "environment",
        "wait.timeoutSeconds",
        "artifact.source.key",
        "auth.flow",
    }
    for one in [*faults, Fault("tags: is not JSON: Expecting property name", "tags")]:
        text = one.text.replace("'", "&#39;").replace('"', "&#34;")
        place = answer.text.index(f'id="{one.id}-error"')
        assert text in answer.text[place : answer.text.index("</p>", place)]
        assert f'<a href="#{one.id}">{text}' in answer.text
    # A field that is right again loses its message.
    assert 'id="action-error" hx-swap-oob="true"></p>' in answer.text


def test_a_check_starts_nothing(place: Any, browser: TestClient) -> None:
    answer = browser.post("/start/check", data={"environment": "shop"}, headers=HTMX)
    assert "The input is valid" in answer.text
    assert place.machines.started == []


def test_it_starts_what_was_typed(place: Any, browser: TestClient) -> None:
    data = {
        "environment": "shop",
        "dryRun": "true",
        "runtime.environmentVariables": '{"A": "1"}',
        "auth.allowedClients": "",
        "runtime.requestHeaders": "X-One\r\nX-Two\r\n",
        "wait.timeoutSeconds": "600",
        "smokeTest.prompt": "one\r\ntwo",
    }
    answer = browser.post("/start", data=data)
    (started,) = place.machines.started
    assert started["stateMachineArn"] == MACHINE
    assert json.loads(started["input"]) == {
        "environment": "shop",
        "dryRun": True,
        "runtime": {"environmentVariables": {"A": "1"}, "requestHeaders": ["X-One", "X-Two"]},
        "wait": {"timeoutSeconds": 600},
        "smokeTest": {"prompt": "one\ntwo"},
    }
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/executions/{started['name']}"
    again = browser.post("/start", data={}, headers=HTMX)
    assert again.headers["hx-redirect"].startswith("/executions/cli-")
    assert json.loads(place.machines.started[1]["input"]) == {}


def test_confidential_values_do_not_come_back(browser: TestClient) -> None:
    data = {
        "environment": "WRONG",
        "runtime.environmentVariables": json.dumps({"A": PRIVATE}),
        "smokeTest.prompt": PRIVATE,
        "smokeTest.cases": json.dumps([{"prompt": PRIVATE, "expect": "("}]),
        "runtime.description": "shown again",
    }
    for headers in ({}, HTMX):
        for path in ("/start", "/start/check"):
            answer = browser.post(path, data=data, headers=headers)
            assert PRIVATE not in answer.text
            assert "environment: given" in answer.text
        answer = browser.post("/start", data={"json": json.dumps(data)}, headers=headers)
        assert PRIVATE not in answer.text
    page = browser.post("/start", data=data)
    assert page.status_code == 422
    assert "shown again" in page.text
    assert "Type it again" in page.text
    assert 'tabindex="-1" role="alert" autofocus' in page.text
    asked = browser.post("/start", data=data, headers=HTMX).text
    assert 'tabindex="-1" role="alert" data-focus' in asked
    # While one types, the focus stays where it is.
    assert "data-focus" not in browser.post("/start/check", data=data, headers=HTMX).text


@pytest.mark.parametrize(
    ("pasted", "message"),
    [
        ("{", "input: is not JSON: Expecting property name"),
        ("[]", "input: is JSON, but not a JSON object"),
        ('{"environmnt": "x"}', "environmnt: unknown field (did you mean environment?)"),
        ('{"action": "sweep"}', "lifecycle fleet sweep --stack mine"),
        ('{"detail-type": "x", "detail": 1}', "detail: given 1, allowed: a JSON object"),
        ("[" * 100_000, "input: is nested too deep"),
    ],
)
def test_pasted_json_is_checked_in_the_same_way(
    place: Any, browser: TestClient, pasted: str, message: str
) -> None:
    answer = browser.post("/start/check", data={"json": pasted}, headers=HTMX)
    assert message in answer.text
    assert browser.post("/start", data={"json": pasted}).status_code == 422
    assert place.machines.started == []


def test_pasted_json_starts(place: Any, browser: TestClient) -> None:
    pasted = {"detail-type": "x", "source": "y", "detail": {"environment": "shop"}}
    assert browser.post("/start", data={"json": json.dumps(pasted)}).status_code == 303
    assert json.loads(place.machines.started[0]["input"]) == pasted


def test_another_page_cannot_start(place: Any, browser: TestClient) -> None:
    answer = browser.post("/start", data={}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert place.machines.started == []

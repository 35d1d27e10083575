"""Who is answered, and what every answer says to the browser."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from cli.console.security import HEADERS, Gate
from cli.target.deployed import Deployed
from tests.cli.console.conftest import GATE

Open = Callable[[Deployed], TestClient]
OWN = f"http://{GATE.hosts[0]}"


@pytest.fixture
def stranger(browser: TestClient) -> TestClient:
    browser.cookies.clear()
    return browser


def test_the_token_lets_a_browser_in_and_leaves_the_address(stranger: TestClient) -> None:
    path = f"/executions?status=FAILED&token={GATE.token}"
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/executions?status=FAILED"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{GATE.cookie}={GATE.token};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/executions", "/static/console.css", "/nothing"])
def test_without_token_and_cookie_nothing_is_answered(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "Open the address that the console printed" in answer.text
    # A link of another site brings no cookie (SameSite); from here the same link does.
    assert f'<a href="{path}" rel="nofollow">' in answer.text


def test_a_wrong_token_or_cookie_is_refused(stranger: TestClient) -> None:
    assert stranger.get("/?token=wrong").status_code == 403
    assert stranger.get("/?token=").status_code == 403
    stranger.cookies.set(GATE.cookie, "wrong")
    assert stranger.get("/").status_code == 403


def test_a_code_for_one_opening_lets_one_browser_in_and_is_no_secret_after_that(
    place: Any, open_console: Open
) -> None:
    first, second = open_console(place), open_console(place)
    for one in (first, second):
        one.cookies.clear()
    address = GATE.url_for_one_opening()
    assert GATE.token not in address
    answer = first.get(address)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert first.get("/").status_code == 200
    code = address.partition("=")[2]
    second.cookies.set(GATE.cookie, code)
    assert second.get("/").status_code == 403
    second.cookies.clear()
    assert second.get(f"/?token={code}").status_code == 403
    for browser in (first, second):
        answer = browser.get(address)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert "good for one opening" in answer.text
        assert "Open the address that the console printed" in answer.text
    # The printed address stays good.
    assert second.get(GATE.url).status_code == 303


def test_each_code_is_good_for_itself(stranger: TestClient) -> None:
    one, other = GATE.url_for_one_opening(), GATE.url_for_one_opening()
    assert one != other
    assert stranger.get("/?code=").status_code == 403
    assert stranger.get("/?code=wrong").status_code == 403
    assert stranger.post(other, data={"theme": "dark"}).status_code == 403
    assert [stranger.get(url).status_code for url in (other, one, other, one)] == [
        303,
        303,
        403,
        403,
    ]


def test_a_token_in_a_post_lets_nobody_in(stranger: TestClient) -> None:
    answer = stranger.post(f"/preferences?token={GATE.token}", data={"theme": "dark"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_redirect_stays_on_the_console(stranger: TestClient) -> None:
    answer = stranger.get(f"//elsewhere.example/x?token={GATE.token}")
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith("//")


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("//evil.example/x", "/evil.example/x"),
        ("/%5Cevil.example/x", "/evil.example/x"),
        ("/%2F%5C/evil.example", "/evil.example"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("/executions/a%3Fb%23c", "/executions/a%3Fb%23c"),
    ],
)
def test_no_answer_leads_to_another_host(stranger: TestClient, path: str, leads_to: str) -> None:
    # As on the socket: a client would take the host of `//host` for the one to ask.
    host = f"http://{GATE.hosts[0]}"
    refused = stranger.get(f"{host}{path}")
    assert refused.status_code == 403
    assert f'<a href="{leads_to}" rel="nofollow">' in refused.text
    opened = stranger.get(f"{host}{path}?token={GATE.token}")
    assert opened.headers["location"] == leads_to


@pytest.mark.parametrize(
    "host", ["evil.example:4580", "127.0.0.1:4581", "127.0.0.1", "127.0.0.1:4580.evil.example", ""]
)
def test_another_host_name_is_refused(browser: TestClient, host: str) -> None:
    answer = browser.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert "answers only to the address that it printed" in answer.text


def test_localhost_is_answered(browser: TestClient) -> None:
    assert browser.get("/", headers={"Host": "localhost:4580"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:4581"},
        {"Origin": "https://127.0.0.1:4580"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        {"Origin": ""},
    ],
)
def test_a_form_of_another_page_is_refused(browser: TestClient, headers: dict[str, str]) -> None:
    answer = browser.post("/preferences", data={"theme": "dark"}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_whatever_is_not_a_read_needs_an_origin(browser: TestClient, method: str) -> None:
    del browser.headers["Origin"]
    assert browser.request(method, "/preferences").status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": OWN}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}]
)
def test_a_form_of_the_console_is_read(browser: TestClient, headers: dict[str, str]) -> None:
    answer = browser.post(
        "/preferences", data={"theme": "dark", "back": "/?name=x"}, headers=headers
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?name=x"


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
def test_a_form_returns_only_to_the_console(browser: TestClient, back: str) -> None:
    answer = browser.post("/preferences", data={"theme": "dark", "back": back})
    assert answer.headers["location"] == "/"


def test_a_form_of_any_length_is_not_read(browser: TestClient) -> None:
    assert browser.post("/preferences", data={"back": "x" * 1_000_001}).status_code == 413
    endless: Any = iter([b"back=", b"/"])
    answer = browser.post("/preferences", content=endless)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/", "/nothing", "/static/htmx.js", "/environments/nobody"])
def test_every_answer_is_protected(browser: TestClient, path: str) -> None:
    for _ in range(2):
        answer = browser.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        browser.cookies.clear()
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy


def test_a_fault_shows_nothing_of_itself(
    place: Any, open_console: Open, caplog: pytest.LogCaptureFixture
) -> None:
    broken = dataclasses.replace(place, denied={"dynamodb": ZeroDivisionError("only-for-the-log")})
    answer = open_console(broken).get("/")
    assert answer.status_code == 500
    assert "The console has a fault" in answer.text
    assert "only-for-the-log" not in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "only-for-the-log" in caplog.text


def test_each_console_has_a_secret_of_its_own() -> None:
    one, other = Gate(1), Gate(1)
    assert one.token != other.token
    assert len(one.token) >= 32
    assert one.token not in repr(one)
    assert one.url == f"http://127.0.0.1:1/?token={one.token}"

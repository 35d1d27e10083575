"""The server on its socket, and `lifecycle console` as a command."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from cli.commands import console
from cli.console.server import DEFAULT_PORT, console_served
from cli.errors import UsageError
from tests.cli.commands.records import ready

Call = Callable[..., int]


def test_it_listens_on_loopback_until_its_block_ends(place: Any) -> None:
    place.put(ready("shop"))
    with console_served(place, 0) as gate:
        address = urlsplit(gate.url)
        assert address.hostname == "127.0.0.1"
        with httpx.Client(follow_redirects=True) as browser:
            page = browser.get(gate.url)
            assert page.status_code == 200
            assert "token" not in str(page.url)
            assert 'href="/environments/shop"' in page.text
            assert "server" not in page.headers
        assert httpx.get(f"http://127.0.0.1:{address.port}/").status_code == 403
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{address.port}/")


def test_a_port_that_is_taken(place: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"--port {port}: Address already in use; use another"):
            console_served(place, port).__enter__()


def test_without_a_port_a_taken_one_is_no_error(place: Any) -> None:
    with console_served(place, None) as one, console_served(place, None) as other:
        ports = {one.port, other.port}
        assert len(ports) == 2
        assert DEFAULT_PORT == 4580


@pytest.fixture
def found(place: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(console, "deployed", lambda *_a, **_k: place)
    return place


def test_get_prints_what_a_page_would_answer(
    found: Any, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    found.put(ready("shop"))
    assert call("console", "--get", "/environments/shop?part=live") == 0
    told = capsys.readouterr()
    assert told.err == "200 OK\n"
    assert told.out.lstrip().startswith('<div id="live"')
    assert call("console", "--get", "/nothing") == 1
    told = capsys.readouterr()
    assert told.err == "404 Not Found\n"
    assert "There is nothing here" in told.out
    assert call("console", "--get", "executions") == 2
    assert "--get executions: give the path of a page" in capsys.readouterr().err


def test_the_command_serves_until_ctrl_c(
    found: Any, call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def stay() -> None:
        url = capsys.readouterr().out.strip()
        asked.append(httpx.get(url, follow_redirects=True, timeout=60).status_code)
        raise KeyboardInterrupt

    def browse(url: str) -> None:
        raise AssertionError(url)

    monkeypatch.setattr(console, "stay", stay)
    monkeypatch.setattr("webbrowser.open", browse)
    assert call("console", "--port", "0") == 0
    assert asked == [200]
    assert "Stopped." in capsys.readouterr().err


def test_the_command_opens_an_address_that_is_good_once(
    found: Any, call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    asked: list[int] = []

    def stay() -> None:
        (url,) = opened
        printed = capsys.readouterr().out.strip()
        assert urlsplit(printed).query.partition("=")[2] not in url
        answers = (httpx.get(address, timeout=60) for address in (url, url, printed))
        asked.extend(one.status_code for one in answers)
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "stay", stay)
    monkeypatch.setattr(console, "_has_a_screen", lambda: True)
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert call("console", "--port", "0") == 0
    assert asked == [303, 403, 303]

"""What the command line says when a local AWS that is running deploys what has changed."""

from __future__ import annotations

import io
import re
from typing import Any

import httpx
import pytest
from rich.console import Console
from werkzeug import Request

from cli.errors import StartError
from cli.target import redeploy
from cli.target.local_api import LocalApi
from local.edge import local_api as served
from local.edge.calls import CallLog
from local.edge.faults import FaultPlan


class Updates:
    """What updates the stack; `done` is what comes of it."""

    def __init__(self) -> None:
        self.done: dict[str, Any] = {"files": [], "updated": [], "left": [], "seconds": 0.0}
        self.error: str | None = None

    def update(self) -> dict[str, Any]:
        if self.error:
            raise ValueError(self.error)
        return self.done


class NoDelays:
    """Delays that nobody asks for."""

    def read(self) -> dict[str, float]:
        raise NotImplementedError

    def change(self, seconds: dict[str, float]) -> None:
        raise NotImplementedError


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> Updates:
    found = Updates()
    app = served.LocalApi(CallLog(), FaultPlan(), NoDelays(), dict, lambda: found)

    def wsgi(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        return app.respond(request, request.get_data())(environ, start_response)

    serve(httpx.WSGITransport(app=wsgi), monkeypatch)
    return found


def serve(transport: httpx.BaseTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    client = httpx.Client(transport=transport)
    monkeypatch.setattr(redeploy, "LocalApi", lambda url: LocalApi(url, client))


def said() -> str:
    text = io.StringIO()
    redeploy.deploy_changes("http://localhost:1", None, Console(file=text, width=400))
    return text.getvalue()


def test_nothing_is_said_when_nothing_differs(updates: Updates) -> None:
    assert (said(), updates.error) == ("", None)


def test_what_differed_and_what_was_done_are_named(updates: Updates) -> None:
    updates.done |= {"files": ["agent/main.py"], "updated": ["Source", "Publish"], "seconds": 0.26}
    assert said() == (
        "agent/main.py differs from what the local AWS had deployed. "
        "Deployed it again: Source, Publish (0.3 s).\n"
    )


def test_many_files_are_counted(updates: Updates) -> None:
    files = [*(f"functions/handlers/{n}.py" for n in range(9)), "agent/a.py", "agent/b.py"]
    updates.done |= {"files": files, "updated": [f"Function{n}" for n in range(7)]}
    text = said()
    assert text.startswith("9 files in functions/, 2 files in agent/ differ from what")
    assert "Function4 and 2 more" in text


def test_what_only_a_new_start_can_update_is_named(updates: Updates) -> None:
    updates.done |= {"left": ["Table", "Bucket"]}
    text = said()
    assert "in Table, Bucket, which the local AWS cannot update while it runs" in text
    assert "local down\n" in text
    assert "local up\n" in text


def test_a_template_that_cannot_be_deployed_ends_the_command(updates: Updates) -> None:
    updates.error = "template.yaml: no Resources in it"
    with pytest.raises(StartError, match=r"cannot deploy what has changed: .*no Resources"):
        said()


def test_one_that_an_older_version_started_is_to_be_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What a local AWS answers that has no such endpoint.
    answer = httpx.Response(404, json={"message": "there is no POST /_local/stack"})
    serve(httpx.MockTransport(lambda _: answer), monkeypatch)
    with pytest.raises(StartError, match="older version") as caught:
        said()
    assert re.search(r"\n  \S*lifecycle local down\n  \S*lifecycle local up$", str(caught.value))

"""The console's protection as a browser carries it out: cookie, other origins, content security policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands.records import ready
from tests.foreign.browser.chromium import browse

SECURITY = Path(__file__).parent / "security.mjs"


@pytest.fixture
def other(url: str) -> Iterator[str]:
    """A page of another origin on this machine, whose form is for the console."""
    target = url.partition("?")[0] + "preferences"
    page = f'<form method="post" action="{target}"><button name="theme" value="light">Go</button></form>'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.encode() if self.path == "/" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        # The same host by another name is another site, as far as the browser knows.
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_browser_keeps_pages_of_others_out(place: Any, url: str, other: str) -> None:
    place.put(ready("shop"))
    found = browse(SECURITY, {"url": url, "other": other})
    assert "token" not in found["address"]
    assert found["cookies"] == [{"httpOnly": True, "sameSite": "Strict", "isToken": True}]
    assert found["seenByScripts"] == ""
    assert found["clean"] == []
    assert found["dark"] == "rgb(13, 17, 23)"
    assert found["form"]["status"] == 403
    assert "Not allowed" in found["form"]["shown"]
    assert found["script"] == "refused"
    assert "shop" not in found["inFrame"]
    assert not found["brought"]
    assert any("Content Security Policy" in note for note in found["notes"])

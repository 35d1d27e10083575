"""The audit of pages finds what is wrong with a page, and says nothing of a good one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.foreign.browser.chromium import browse

AUDITED = Path(__file__).parent / "audited.mjs"
LOOK = {"theme": "light", "language": "en", "width": 390}
GOOD = """<!doctype html><html lang="en"><title>Good</title>
<style>:focus-visible { outline: 2px solid blue }</style>
<a href="#main">Skip</a><main id="main" tabindex="-1"><h1>Good</h1><button>Go</button>
<form><label><input type="radio" name="one" checked> a</label><label><input type="radio" name="one"> b</label></form>
</main></html>"""
BAD = """<!doctype html><title>Bad</title>
<style>* { outline: none !important }</style>
<main><h1>Bad</h1><p style="color: #bbb; background: #fff">pale</p>
<div style="width: 900px">wide</div><button>Go</button><input>
<div onkeydown="event.preventDefault()"><button id="trap">Trap</button></div><a href="/">Never reached</a></main>
<script>console.error("a fault"); fetch("http://elsewhere.example/").catch(() => 0);</script>"""


def _audited(html: str) -> dict[str, Any]:
    found: dict[str, Any] = browse(AUDITED, {"html": html, "look": LOOK})
    return found


def test_a_good_page_has_no_fault() -> None:
    assert _audited(GOOD) == {"faults": [], "notes": []}


def test_each_fault_of_a_bad_page_is_said() -> None:
    found = _audited(BAD)
    said = "\n".join(found["faults"])
    for fault in (
        "html-has-lang",
        "color-contrast",
        "label (critical)",
        "scrolls sideways: ",
        "the first stop is not the skip link",
        "the skip link is not seen",
        'focus is not seen: <button id="trap">',
        'Tab does not reach: <a href="/">',
    ):
        assert fault in said, said
    assert "error: a fault" in found["notes"]
    assert "request: http://elsewhere.example/" in found["notes"]

"""Makes pages out of templates: `render` is what each page ends with."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from cli.console import shapes
from cli.console.execution.notes import Notes
from cli.console.execution.search import Subjects
from cli.console.execution.watched import Watch
from cli.console.navigation import SECTIONS
from cli.console.words.texts import LANGUAGES, Texts, chosen, texts
from cli.target.deployed import Deployed

LANGUAGE_COOKIE = "lifecycle-console-language"
THEME_COOKIE = "lifecycle-console-theme"
THEMES = ("auto", "light", "dark")
PART = "part"
"""The parameter that asks for one block of a page: `?part=live` answers with the block `live` alone."""

_FOLDER = Path(__file__).parent / "templates"
_MOST_DEFINITIONS = 50


@dataclass(frozen=True)
class Console:
    """What the pages work on.

    Attributes:
        place: The stack, with shared clients.
        local: Whether it is of a local AWS.
        watch: What was read of the executions that were looked at last.
        subjects: What executions are about, as far as it is known.
        notes: What was said when executions were started here.
    """

    place: Deployed
    local: bool
    watch: Watch = field(default_factory=Watch)
    subjects: Subjects = field(default_factory=Subjects)
    notes: Notes = field(default_factory=Notes)
    _definitions: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def every(self) -> str:
        """How often a page asks for news, as htmx takes it. In AWS each look is a call that counts and costs."""
        return "2s" if self.local else "8s"

    @property
    def slowly(self) -> str:
        """How often a page asks for what takes many calls."""
        return "6s" if self.local else "60s"

    def definition_of(self, client: Any, arn: str) -> str:
        """Return the definition that an execution runs, as JSON text; it is asked for once, as it never changes.

        Args:
            client: boto3's `stepfunctions` client.
            arn: The execution's ARN.
        """
        with self._lock:
            found = self._definitions.get(arn)
        if found is None:
            found = client.describe_state_machine_for_execution(executionArn=arn)["definition"]
            with self._lock:
                self._definitions[arn] = found
                while len(self._definitions) > _MOST_DEFINITIONS:
                    self._definitions.popitem(last=False)
        return found


def console_of(request: Request) -> Console:
    """Return the console that a request is for."""
    console: Console = request.app.state.console
    return console


def place_of(request: Request) -> Deployed:
    """Return the stack that a request is for."""
    return console_of(request).place


def texts_for(request: Request) -> Texts:
    """Return the texts in the reader's language."""
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    return texts(chosen(cookie, request.headers.get("accept-language")))


def render(
    request: Request, template: str, *, status: int = 200, block: str | None = None, **values: Any
) -> HTMLResponse:
    """Make a page, or the one block of it that the request asks for.

    Args:
        request: The request.
        template: The file below `templates/`.
        status: The HTTP status.
        block: The block to make alone; by default what the parameter `part` names, if the template has it.
        **values: What the template shows.
    """
    console = console_of(request)
    words = texts_for(request)
    theme = request.cookies.get(THEME_COOKIE)
    given = {
        **values,
        "t": words,
        "shape": shapes.Shapes(words),
        "language": words.language,
        "languages": LANGUAGES,
        "theme": theme if theme in THEMES else THEMES[0],
        "themes": THEMES,
        "console": console,
        "place": console.place,
        "path": request.url.path,
        "address": _address(request),
        "part": lambda name: _address(request, part=name),
        "sections": [one for one in SECTIONS if console.local or not one.local_only],
    }
    # A block that is made alone runs no `import` of its template.
    given["ui"] = environment().get_template("macros.html").make_module(given)
    found = environment().get_template(template)
    block = block or request.query_params.get(PART)
    if block is None or block not in found.blocks:
        return HTMLResponse(found.render(given), status)
    made = found.blocks[block](found.new_context(given))
    return HTMLResponse("".join(made), status)


@cache
def environment() -> Environment:
    """Return the templates. What they show is escaped, and a name that they do not know is an error."""
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _address(request: Request, part: str | None = None) -> str:
    """Return the path and the query of a page, or of one block of it."""
    url = request.url.remove_query_params(PART)
    if part is not None:
        url = url.include_query_params(**{PART: part})
    return f"{url.path}?{url.query}" if url.query else url.path

"""`/start`: start an execution from a form that the input's own schema makes, or from pasted JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cli.console.acting.starting import start_deployed
from cli.console.forms import posted, text
from cli.console.inputs.checked import PASTED, Fault, faults_of, read_pasted
from cli.console.inputs.examples import examples
from cli.console.inputs.fields import form_fields, leaves, named
from cli.console.inputs.meanings import allowed_of, meaning_of
from cli.console.inputs.typed import read_typed, texts_of
from cli.console.rendering import place_of, render, texts_for
from cli.errors import CommandError

_TEMPLATE = "start.html"
_OPEN = ("auth", "artifact", "runtime", "smokeTest")
_FIRST = ("action", "environment", "version", "dryRun")


def _form(request: Request) -> Response:
    chosen = request.query_params.get("example", "")
    known = examples()
    texts = texts_of(known.get(chosen, {}))
    if environment := request.query_params.get("environment"):
        texts["environment"] = environment
    return _page(request, texts, example=chosen, names=list(known))


@posted
def _check(request: Request, form: FormData) -> Response:
    _, faults = _read(request, form)
    return _verdict(request, form, faults, asked=False)


@posted
def _start(request: Request, form: FormData) -> Response:
    value, faults = _read(request, form)
    if not faults:
        try:
            name = start_deployed(request, value)
        except (CommandError, ClientError, BotoCoreError) as error:
            faults = [Fault(str(error))]
        else:
            return _to(request, f"/executions/{name}")
    return _verdict(request, form, faults, asked=True)


def _read(request: Request, form: FormData) -> tuple[dict[str, Any], list[Fault]]:
    """Return the input that a form holds, and what is wrong with it."""
    options = place_of(request).options
    if PASTED in form:
        value, faults = read_pasted(text(form, PASTED))
        found = faults or [Fault(one.text, PASTED) for one in faults_of(value, options)]
        return value, found
    typed = read_typed(_texts(form))
    faults = [Fault(problem, path) for path, problem in typed.problems.items()]
    return typed.value, [*faults, *faults_of(typed.value, options)]


def _verdict(request: Request, form: FormData, faults: list[Fault], *, asked: bool) -> Response:
    """Say what is wrong: into the page that is open, or on a page of its own without a script."""
    if "hx-request" in request.headers:
        fields = (PASTED,) if PASTED in form else named()
        # htmx takes an error status for a console that is lost.
        return render(
            request,
            "verdict.html",
            faults=faults,
            asked=asked,
            checked=True,
            fragment=True,
            fields=fields,
            prefix="pasted-" if PASTED in form else "",
            by_path=_by_path(faults),
        )
    # What may be confidential is typed again.
    shown = {path: one for path, one in _texts(form).items() if not leaves()[path].private}
    return _page(request, shown, faults=faults, asked=asked, pasted=PASTED in form)


def _page(
    request: Request,
    texts: Mapping[str, str],
    *,
    example: str = "",
    names: list[str] | None = None,
    faults: list[Fault] | None = None,
    asked: bool = False,
    pasted: bool = False,
) -> Response:
    words = texts_for(request)
    fields = form_fields()
    faults = faults or []
    rest = [one for one in fields if one.name not in (*_FIRST, *_OPEN)]
    return render(
        request,
        _TEMPLATE,
        status=422 if faults else 200,
        texts=texts,
        first=[one for name in _FIRST for one in fields if one.name == name],
        groups=[one for name in _OPEN for one in fields if one.name == name],
        rest=rest,
        # A section that holds something is not folded.
        unfolded=not {one.path for one in rest}.isdisjoint(_sections_of(texts, faults)),
        allowed_of=lambda one: allowed_of(one, words),
        meaning_of=lambda one: meaning_of(one, words),
        examples=names if names is not None else list(examples()),
        example=example,
        faults=faults,
        by_path=_by_path(faults),
        asked=asked,
        pasted=pasted,
        checked=False,
        fragment=False,
    )


def _sections_of(texts: Mapping[str, str], faults: list[Fault]) -> set[str]:
    paths = [*texts, *(one.path for one in faults if one.path)]
    return {path.partition(".")[0] for path in paths}


def _texts(form: FormData) -> dict[str, str]:
    found = {path: text(form, path) for path in leaves()}
    return {path: one for path, one in found.items() if one}


def _by_path(faults: list[Fault]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in faults:
        if one.path:
            found.setdefault(one.path, []).append(one.text)
    return found


def _to(request: Request, path: str) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=200, headers={"HX-Redirect": path})
    return RedirectResponse(path, status_code=303)


ROUTES = [
    Route("/start", _form),
    Route("/start", _start, methods=["POST"]),
    Route("/start/check", _check, methods=["POST"]),
]

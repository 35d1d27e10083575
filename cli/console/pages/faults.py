"""`/faults`: make operations of the local AWS fail on purpose."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cli.console.acting.local_aws import local_api
from cli.console.forms import posted, text
from cli.console.rendering import render
from cli.errors import UsageError
from local.edge.faults import FAULT_KINDS

FIELDS = ("service", "operation", "caller", "times", "seconds", "status", "reason")
_DEFAULTS = {"times": "1", "status": "500"}
_NUMBERS = {"times": int, "status": int, "seconds": float}


def _list(request: Request) -> Response:
    return _page(request, dict(_DEFAULTS), "")


@posted
def _change(request: Request, form: FormData) -> Response:
    api = local_api(request)
    typed = {name: text(form, name).strip() for name in ("kind", *FIELDS)}
    try:
        match text(form, "do"):
            case "add":
                api.add_fault(_fault(typed))
            case "remove":
                api.clear_faults(text(form, "id"))
            case "clear":
                api.clear_faults()
            case _:
                raise HTTPException(400)
    except UsageError as error:
        return _page(request, typed, str(error))
    return RedirectResponse("/faults", status_code=303)


def _fault(typed: dict[str, str]) -> dict[str, Any]:
    """Return a fault as the command sends it; what is no number stays a text, which the API refuses."""
    fault: dict[str, Any] = {name: value for name, value in typed.items() if value}
    for name, kind in _NUMBERS.items():
        if name in fault:
            try:
                fault[name] = kind(fault[name])
            except ValueError:
                continue
    return fault


def _page(request: Request, typed: dict[str, str], error: str) -> Response:
    return render(
        request,
        "faults.html",
        status=422 if error else 200,
        planned=local_api(request).faults(),
        typed=typed,
        kinds=FAULT_KINDS,
        fields=FIELDS,
        numbers=tuple(_NUMBERS),
        error=error,
    )


ROUTES = [
    Route("/faults", _list),
    Route("/faults", _change, methods=["POST"]),
]

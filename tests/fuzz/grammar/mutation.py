"""Change a good JSON document in a few places, so that it is almost right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.fuzz.grammar.values import names, nested, numbers, odd_characters, texts, values

Draw = Callable[[SearchStrategy[Any]], Any]
# A place: what holds the value, and its key or index.
Place = tuple[Any, Any]
_WHOLE = 2**53
_LONGEST_TEXT = 20_000
_LONGEST_LIST = 2_000
# A long text in a long list in a long list would fill the machine's memory.
LARGEST = 2_000_000
"""How long a document may get as JSON by being stretched, in characters."""


def mutated(documents: SearchStrategy[Any], most: int = 3) -> SearchStrategy[Any]:
    """Documents with one to `most` changes each."""

    @st.composite
    def change(draw: Draw) -> Any:
        whole = {"": deepcopy(draw(documents))}
        for _ in range(draw(st.integers(1, most))):
            held, key = draw(st.sampled_from(list(_places(whole))))
            draw(st.sampled_from(_CHANGES))(draw, held, key)
        return whole.get("")

    return change()


def with_doubles(document: Any) -> str:
    """JSON text in which each object has its first key two times."""
    if isinstance(document, dict):
        items = [f"{json.dumps(key)}: {with_doubles(item)}" for key, item in document.items()]
        return (
            f"{{{', '.join([*(f'{json.dumps(key)}: null' for key in [*document][:1]), *items])}}}"
        )
    if isinstance(document, list):
        return f"[{', '.join(with_doubles(item) for item in document)}]"
    return json.dumps(document)


def _places(value: Any) -> Iterator[Place]:
    todo = [value]
    for held in todo:
        keys = held.keys() if isinstance(held, dict) else range(len(held))
        # A few of very many are enough.
        for key in list(keys)[:40]:
            yield held, key
            if isinstance(held[key], dict | list) and len(todo) < 200:
                todo.append(held[key])


def _replace(draw: Draw, held: Any, key: Any) -> None:
    held[key] = draw(values)


def _other_type(draw: Draw, held: Any, key: Any) -> None:
    held[key] = draw(
        st.sampled_from([None, True, 0, 1.5, "", "text", [], {}, [held[key]], {"a": held[key]}])
    )


def _remove(_draw: Draw, held: Any, key: Any) -> None:
    if isinstance(held, dict) and key != "":
        del held[key]
    elif isinstance(held, list):
        held.pop(key)


def _add(draw: Draw, held: Any, key: Any) -> None:
    target = held[key]
    if isinstance(target, dict):
        target[draw(names)] = draw(values)
    elif isinstance(target, list):
        target.insert(draw(st.integers(0, len(target))), draw(values))
    else:
        held[key] = draw(texts)


def _rename(draw: Draw, held: Any, key: Any) -> None:
    if isinstance(held, dict) and key != "":
        held[draw(st.one_of(names, st.just(key.upper()), st.just(f"{key} ")))] = held.pop(key)


def _bury(draw: Draw, held: Any, key: Any) -> None:
    depth = draw(st.sampled_from([1, 2, 30, 120, 300]))
    held[key] = nested(depth, held[key], in_lists=draw(st.booleans()))


def stretch(draw: Draw, held: Any, key: Any) -> None:
    """Repeat what is at a place up to a thousand times."""
    target = held[key]
    room = LARGEST // len(json.dumps(target))
    times = min(draw(st.sampled_from([2, 3, 20, 1000])), max(room, 1))
    if isinstance(target, str):
        held[key] = (target * times)[:_LONGEST_TEXT]
    elif isinstance(target, list):
        held[key] = (target * times)[:_LONGEST_LIST]
    elif isinstance(target, dict) and target:
        first = next(iter(target))
        more = {f"{first}{number}": target[first] for number in range(min(times, _LONGEST_LIST))}
        held[key] = {**target, **more}
    elif isinstance(target, int | float) and not isinstance(target, bool):
        held[key] = target * times


def _odd_character(draw: Draw, held: Any, key: Any) -> None:
    target = held[key]
    if isinstance(target, str):
        place = draw(st.integers(0, len(target)))
        held[key] = target[:place] + draw(odd_characters) + target[place:]
    elif isinstance(target, int | float) and not isinstance(target, bool):
        step = draw(st.sampled_from([-1, 1, 0.5, 1e-9]))
        # A fraction of so large a whole number is no float.
        held[key] = target + (step if abs(target) < _WHOLE else 1)


def _number(draw: Draw, held: Any, key: Any) -> None:
    held[key] = draw(numbers)


_CHANGES = [
    _replace,
    _other_type,
    _remove,
    _add,
    _rename,
    _bury,
    stretch,
    _odd_character,
    _odd_character,
    _number,
]

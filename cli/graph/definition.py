"""Reads a state machine's definition as a graph: states, transitions with labels, and the main path."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["Task", "Choice", "Wait", "Parallel", "Map", "Pass", "Succeed", "Fail"]

_LONGEST_LABEL = 24


@dataclass(frozen=True)
class Transition:
    """A way from one state to another; `on_error` for a Catch."""

    source: str
    target: str
    label: str = ""
    on_error: bool = False


@dataclass(frozen=True)
class State:
    """One state; `branches` are those of a Parallel, or the one of a Map."""

    name: str
    kind: Kind
    comment: str
    transitions: tuple[Transition, ...]
    branches: tuple[Machine, ...]


@dataclass(frozen=True)
class Machine:
    """A definition, or a branch of one."""

    start: str
    states: dict[str, State]

    @property
    def transitions(self) -> list[Transition]:
        """Every transition, in the order of the definition."""
        return [t for state in self.states.values() for t in state.transitions]

    def main_path(self) -> list[str]:
        """Return the longest way from the start to an end that is no failure, with no error and no state twice."""
        return _Ways(self).longest(self.start, frozenset())


def read(file: Path) -> Machine:
    """Read a definition file."""
    return machine_of(json.loads(file.read_text("utf-8")))


def machine_of(definition: dict[str, Any]) -> Machine:
    """Read a definition, or a branch of one."""
    states = {name: _state(name, raw) for name, raw in definition["States"].items()}
    return Machine(definition["StartAt"], states)


def _state(name: str, raw: dict[str, Any]) -> State:
    ways = _choices(name, raw)
    if "Next" in raw:
        ways.append(Transition(name, raw["Next"]))
    taken = {way.target for way in ways}
    for catch in raw.get("Catch", []):
        # An error that leads where success leads is no way of its own.
        if catch["Next"] not in taken:
            ways.append(Transition(name, catch["Next"], on_error=True))
            taken.add(catch["Next"])
    inner = raw.get("Branches", [])
    if "ItemProcessor" in raw:
        inner = [raw["ItemProcessor"]]
    return State(
        name, raw["Type"], raw.get("Comment", ""), tuple(ways), tuple(map(machine_of, inner))
    )


def _choices(name: str, raw: dict[str, Any]) -> list[Transition]:
    """Label the ways out of a question: yes and no where it can be answered so, else what the rule says."""
    rules = raw.get("Choices", [])
    closed = bool(re.match(r"(Is|Are|Did|Does|Has|Have|Was|Were|Can|Should) ", name))
    ways = []
    for index, rule in enumerate(rules):
        label = "yes" if closed and index == 0 else _words(rule)
        ways.append(Transition(name, rule["Next"], label))
    if "Default" in raw:
        ways.append(Transition(name, raw["Default"], "no" if closed else "otherwise"))
    return ways


def _words(rule: dict[str, Any]) -> str:
    """Say a rule in a word or two: its comment if that is short, else the variable that it asks."""
    comment = str(rule.get("Comment", ""))
    variable = re.fullmatch(r"\{% \$(?:\w+\.)*(\w+) %\}", rule.get("Condition", ""))
    said = comment if 0 < len(comment) <= _LONGEST_LABEL else variable.group(1) if variable else ""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", said).lower()


class _Ways:
    """The ways of a machine that are no errors; remembers what it found, for there are very many ways through."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._next = {
            name: [way.target for way in state.transitions if not way.on_error]
            for name, state in machine.states.items()
        }
        self._ahead = {name: self._reached(name) for name in machine.states}
        self._found: dict[tuple[str, frozenset[str]], list[str]] = {}

    def longest(self, name: str, behind: frozenset[str]) -> list[str]:
        """The longest way on from a state; empty when all ways fail or lead back to what is behind."""
        # What is behind counts only as far as a way leads there again.
        key = (name, behind & self._ahead[name])
        if key not in self._found:
            self._found[key] = self._longest(*key)
        return self._found[key]

    def _longest(self, name: str, behind: frozenset[str]) -> list[str]:
        here = behind | {name}
        tails = [self.longest(target, here) for target in self._next[name] if target not in here]
        best = max(tails, key=len, default=[])
        is_end = not self._next[name] and self._machine.states[name].kind != "Fail"
        return [name, *best] if best or is_end else []

    def _reached(self, name: str) -> frozenset[str]:
        reached: set[str] = set()
        ahead = [name]
        while ahead:
            new = [target for target in self._next[ahead.pop()] if target not in reached]
            reached.update(new)
            ahead += new
        return frozenset(reached)

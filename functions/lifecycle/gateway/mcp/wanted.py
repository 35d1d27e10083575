"""How an MCP gateway and its targets must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle.doors.section import AUTHORIZER_PART, ROLE_PART, GatewayRecord, echo_of, is_form_of
from lifecycle.gateway.mcp.resolved import Resolved
from lifecycle.gateway.wanted import Wanted
from lifecycle.runtime.comparison import covered

_TARGET = "target "


def part_of(name: str) -> str:
    """How a target is called among the parts of a gateway."""
    return f"{_TARGET}{name}"


@dataclass(frozen=True)
class McpWanted(Wanted):
    """An MCP gateway: what it has in common with one in front of a runtime, and its targets.

    Attributes:
        targets: Each target, by its name.
    """

    targets: Mapping[str, Resolved] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, Any]:
        """See `Wanted`."""
        whole = super().parts
        common = {name: whole[name] for name in (AUTHORIZER_PART, ROLE_PART)}
        return common | {part_of(name): one.wanted for name, one in self.targets.items()}

    @property
    def providers(self) -> list[str]:
        """The ARNs of the credential providers that the targets use."""
        used = (one.outbound for one in self.targets.values())
        return sorted({one.arn for one in used if one is not None})

    @property
    def gateway(self) -> dict[str, Any]:
        """See `Wanted`."""
        return super().gateway | {"protocolType": "MCP"}

    def drift(self, part: str, observed: dict[str, Any]) -> str:
        """See `Wanted`. Of a target, its name and what was changed; never a value."""
        if not part.startswith(_TARGET):
            return super().drift(part, observed)
        name = part.removeprefix(_TARGET)
        wanted = self.targets[name].wanted
        changed = [
            words
            for member, words in _MEMBERS.items()
            if not covered(wanted.get(member) or [], observed.get(member) or [])
        ]
        what = " and ".join(changed) if changed else "configuration"
        return f"the {what} of the gateway's target {name} was changed"

    def is_same_kind_of(self, name: str, observed: dict[str, Any]) -> bool:
        """Whether a target, from `GetGatewayTarget`, is of the wanted kind; another one has members of its own."""
        seen = (observed.get("targetConfiguration") or {}).get("mcp") or {}
        return not observed.get("targetConfiguration") or seen.keys() == self._kind(name).keys()

    def differs(self, name: str, observed: dict[str, Any], section: GatewayRecord) -> bool:
        """Whether a target, from `GetGatewayTarget`, is not what is wanted."""
        same = self._is_there(name, observed)
        return not same and not self._is_echo(part_of(name), observed, section)

    def echoes(self, gateway: dict[str, Any], targets: Mapping[str, Any]) -> dict[str, str]:
        """See `Wanted.echoed`.

        Args:
            gateway: The answer of `GetGateway`, when it is ready.
            targets: The answers of `GetGatewayTarget`, likewise, by the targets' names.
        """
        found = {
            part: digest
            for part, digest in super().echoed(gateway, {"name": None}).items()
            if part == AUTHORIZER_PART
        }
        for name, seen in targets.items():
            if not self._is_there(name, seen) and is_form_of(self.targets[name].wanted, seen):
                found[part_of(name)] = echo_of(part_of(name), seen)
        return found

    def _kind(self, name: str) -> dict[str, Any]:
        kind: dict[str, Any] = self.targets[name].wanted["targetConfiguration"]["mcp"]
        return kind

    def _is_there(self, name: str, observed: dict[str, Any]) -> bool:
        wanted = self.targets[name].wanted
        # Credentials that were added by hand are a difference, too.
        bare = "credentialProviderConfigurations" not in wanted
        extra = bare and bool(observed.get("credentialProviderConfigurations"))
        return covered(wanted, observed) and not extra


_MEMBERS = {
    "name": "name",
    "targetConfiguration": "configuration",
    "credentialProviderConfigurations": "credentials",
}

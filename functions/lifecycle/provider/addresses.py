"""Which addresses a provider may have: those of the public internet."""

from __future__ import annotations

import ipaddress

# IANA's special-purpose address registries, as far as `ipaddress` does not know them in every version of Python:
# former 6to4 relays, and IPv6 forms that carry an IPv4 address (mapped, translated, 6to4, Teredo) or have a local use.
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
    )
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public internet.

    Args:
        address: An IPv4 or IPv6 address, as `getaddrinfo` gives it.

    Returns:
        False for private, shared, link-local, loopback, multicast, reserved and unspecified addresses, for those that
        carry another address in them, and for what is no address.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if found.version == 6 and found not in _GLOBAL_UNICAST:
        return False
    return (
        found.is_global
        and not found.is_multicast
        and not any(found in network for network in _REFUSED if network.version == found.version)
    )

"""A call through a gateway."""

from lifecycle.smoke_test.through import ThroughGateway as ThroughGateway

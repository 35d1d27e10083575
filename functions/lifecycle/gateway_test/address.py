"""A call through a gateway."""

from lifecycle.smoke_test.through import ThroughGateway as ThroughGateway
from lifecycle.smoke_test.through import calling_role_of as calling_role_of

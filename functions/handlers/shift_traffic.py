"""Shift the traffic: give the version that passed a share of the calls."""

from lifecycle.canary import shift
from lifecycle.canary.parts import CanaryEvent
from lifecycle.canary.shift import ShiftedTraffic
from lifecycle.entry import stage


@stage(CanaryEvent)
def handler(event: CanaryEvent) -> ShiftedTraffic:
    """Run the stage; see `lifecycle.canary.shift.shift_traffic`."""
    return shift.shift_traffic(event)

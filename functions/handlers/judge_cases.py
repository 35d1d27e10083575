"""Judge the cases: whether enough of them passed, and quickly enough."""

from lifecycle.cases import judge
from lifecycle.cases.judge import Judged, JudgeEvent
from lifecycle.entry import stage


@stage(JudgeEvent)
def handler(event: JudgeEvent) -> Judged:
    """Run the stage; see `lifecycle.cases.judge.judge_cases`."""
    return judge.judge_cases(event)

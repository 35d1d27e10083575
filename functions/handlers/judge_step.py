"""Judge the step: by the cases, and by the error rate of the gateway."""

from lifecycle.canary import judge
from lifecycle.canary.judge import JudgedStep, JudgeEvent
from lifecycle.entry import stage


@stage(JudgeEvent)
def handler(event: JudgeEvent) -> JudgedStep:
    """Run the stage; see `lifecycle.canary.judge.judge_step`."""
    return judge.judge_step(event)

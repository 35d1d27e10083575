"""Creators for what triggers and tells: EventBridge, Scheduler, SQS, SNS, CloudWatch."""

from __future__ import annotations

import json
from typing import Any

from local.stack.making import Creator, Making, Properties, Resource, given, tag_map, tags


def rule(making: Making, properties: Properties) -> Resource:
    """Make a rule with its targets."""
    events = making.client("events")
    name = properties.take("Name") or making.name(properties.logical_id)
    pattern = properties.take("EventPattern")
    bus = properties.take("EventBusName")
    arn = events.put_rule(
        Name=name,
        **given(
            EventBusName=bus,
            EventPattern=json.dumps(pattern) if pattern else None,
            ScheduleExpression=properties.take("ScheduleExpression"),
            State=properties.take("State"),
            Description=properties.take("Description"),
            RoleArn=properties.take("RoleArn"),
            Tags=tags(properties.take("Tags")) or None,
        ),
    )["RuleArn"]
    targets = properties.take("Targets", [])
    if targets:
        events.put_targets(Rule=name, Targets=targets, **given(EventBusName=bus))
    return Resource(name, {"Arn": arn})


def event_bus(making: Making, properties: Properties) -> Resource:
    """Make an event bus."""
    name = properties.need("Name")
    arn = making.client("events").create_event_bus(
        Name=name,
        **given(
            Description=properties.take("Description"),
            Tags=tags(properties.take("Tags")) or None,
        ),
    )["EventBusArn"]
    return Resource(name, {"Arn": arn, "Name": name})


def schedule(making: Making, properties: Properties) -> Resource:
    """Make a schedule of EventBridge Scheduler."""
    name = properties.take("Name") or making.name(properties.logical_id)
    group = properties.take("GroupName", "default")
    arn = making.client("scheduler").create_schedule(
        Name=name,
        GroupName=group,
        ScheduleExpression=properties.need("ScheduleExpression"),
        FlexibleTimeWindow=properties.take("FlexibleTimeWindow", {"Mode": "OFF"}),
        Target=properties.need("Target"),
        **given(
            State=properties.take("State"),
            Description=properties.take("Description"),
            ScheduleExpressionTimezone=properties.take("ScheduleExpressionTimezone"),
            StartDate=properties.take("StartDate"),
            EndDate=properties.take("EndDate"),
            KmsKeyArn=properties.take("KmsKeyArn"),
        ),
    )["ScheduleArn"]
    return Resource(name, {"Arn": arn})


def schedule_group(making: Making, properties: Properties) -> Resource:
    """Make a group of schedules."""
    name = properties.take("Name") or making.name(properties.logical_id)
    arn = making.client("scheduler").create_schedule_group(
        Name=name, **given(Tags=tags(properties.take("Tags")) or None)
    )["ScheduleGroupArn"]
    return Resource(name, {"Arn": arn})


def queue(making: Making, properties: Properties) -> Resource:
    """Make a queue."""
    sqs = making.client("sqs")
    name = properties.take("QueueName") or making.name(properties.logical_id, longest=75)
    tag_set = tag_map(properties.take("Tags"))
    attributes = {
        key: json.dumps(value)
        if isinstance(value, dict)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
        for key, value in properties.rest().items()
    }
    url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=tag_set)["QueueUrl"]
    return Resource(url, {"Arn": making.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def queue_policy(making: Making, properties: Properties) -> Resource:
    """Put a policy on queues."""
    policy = json.dumps(properties.need("PolicyDocument"))
    for url in properties.need("Queues"):
        making.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Resource(properties.logical_id)


def topic(making: Making, properties: Properties) -> Resource:
    """Make a topic with its subscriptions."""
    sns = making.client("sns")
    name = properties.take("TopicName") or making.name(properties.logical_id, longest=256)
    settings = {
        key: str(value)
        for key, value in given(
            DisplayName=properties.take("DisplayName"),
            KmsMasterKeyId=properties.take("KmsMasterKeyId"),
        ).items()
    }
    arn = sns.create_topic(Name=name, Attributes=settings, Tags=tags(properties.take("Tags")))[
        "TopicArn"
    ]
    for subscription in properties.take("Subscription", []):
        sns.subscribe(
            TopicArn=arn, Protocol=subscription["Protocol"], Endpoint=subscription["Endpoint"]
        )
    return Resource(arn, {"TopicArn": arn, "TopicName": name})


def topic_policy(making: Making, properties: Properties) -> Resource:
    """Put a policy on topics."""
    policy = json.dumps(properties.need("PolicyDocument"))
    for arn in properties.need("Topics"):
        making.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=policy
        )
    return Resource(properties.logical_id)


def subscription(making: Making, properties: Properties) -> Resource:
    """Subscribe to a topic."""
    raw = properties.take("RawMessageDelivery")
    attributes: dict[str, Any] = given(
        RawMessageDelivery=str(raw).lower() if raw is not None else None
    )
    arn = making.client("sns").subscribe(
        TopicArn=properties.need("TopicArn"),
        Protocol=properties.need("Protocol"),
        ReturnSubscriptionArn=True,
        Attributes=attributes,
        **given(Endpoint=properties.take("Endpoint")),
    )["SubscriptionArn"]
    return Resource(arn)


def alarm(making: Making, properties: Properties) -> Resource:
    """Make an alarm; nothing measures here, so it never fires."""
    name = properties.take("AlarmName") or making.name(properties.logical_id, longest=255)
    settings = properties.rest()
    settings["Tags"] = tags(settings.get("Tags"))
    for whole in ("Period", "EvaluationPeriods", "DatapointsToAlarm"):
        if whole in settings:
            settings[whole] = int(settings[whole])
    if "Threshold" in settings:
        settings["Threshold"] = float(settings["Threshold"])
    making.client("cloudwatch").put_metric_alarm(AlarmName=name, **settings)
    return Resource(name, {"Arn": making.arn("cloudwatch", f"alarm:{name}")})


def dashboard(making: Making, properties: Properties) -> Resource:
    """Make a dashboard."""
    name = properties.take("DashboardName") or making.name(properties.logical_id, longest=255)
    making.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=properties.need("DashboardBody")
    )
    return Resource(name)


def nothing(_making: Making, properties: Properties) -> Resource:
    """Make a handle that has no service behind it."""
    return Resource(properties.logical_id)


CREATORS: dict[str, Creator] = {
    "AWS::Events::Rule": rule,
    "AWS::Events::EventBus": event_bus,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::Scheduler::ScheduleGroup": schedule_group,
    "AWS::SQS::Queue": queue,
    "AWS::SQS::QueuePolicy": queue_policy,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SNS::Subscription": subscription,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::CloudFormation::WaitConditionHandle": nothing,
}

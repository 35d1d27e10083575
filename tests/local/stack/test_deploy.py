"""A template with one of everything is deployed, and each service tells of what it got."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded import EmbeddedAws

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: One of everything.
Parameters:
  Days: {Type: Number, Default: 7}
  WithTopic: {Type: String, Default: "yes"}
Conditions:
  HasTopic: !Equals [!Ref WithTopic, "yes"]
  HasNothing: !Not [!Condition HasTopic]
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.asl.json
      DefinitionSubstitutions: {FunctionArn: !GetAtt App.Arn}
      Logging:
        Level: ALL
        Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt Logs.Arn}}]
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref App}}]
      Events:
        Asked: {Type: EventBridgeRule, Properties: {Pattern: {source: [asked]}}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), State: DISABLED}}
  App:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: app.handler
      Runtime: python3.13
      Timeout: 9
      Layers: [!Ref Layer]
      LoggingConfig: {LogFormat: JSON, LogGroup: !Ref Logs}
      Environment: {Variables: {TABLE: !Ref Table, SOURCE: /opt/agent}}
      Policies: [AWSXrayWriteOnlyAccess]
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref App, Principal: events.amazonaws.com}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer/}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/lambda/x, RetentionInDays: !Ref Days}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: k, AttributeType: S}]
      KeySchema: [{AttributeName: k, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: t, Enabled: true}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      SSESpecification: {SSEEnabled: true}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
      BucketEncryption:
        ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true}
      LifecycleConfiguration:
        Rules: [{Id: old, Status: Enabled, Prefix: tmp/, ExpirationInDays: 3}]
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: s3:*
            Resource: !Sub ${Bucket.Arn}/*
            Condition: {Bool: {aws:SecureTransport: "false"}}
  Repository:
    Type: AWS::ECR::Repository
    Properties: {ImageTagMutability: IMMUTABLE, ImageScanningConfiguration: {ScanOnPush: true}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: codebuild.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: s3:GetObject, Resource: !Sub "${Bucket.Arn}/*"}]}
  Build:
    Type: AWS::CodeBuild::Project
    Properties:
      ServiceRole: !GetAtt Role.Arn
      Artifacts: {Type: NO_ARTIFACTS}
      Environment: {Type: ARM_CONTAINER, ComputeType: BUILD_GENERAL1_SMALL, Image: aws/codebuild/x:1}
      Source: {Type: NO_SOURCE, BuildSpec: "version: 0.2"}
  Key: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: true}}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/x, TargetKeyId: !Ref Key}}
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString: {SecretStringTemplate: '{"u": "me"}', GenerateStringKey: p, PasswordLength: 20}
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60, SqsManagedSseEnabled: true}}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument: {Version: "2012-10-17", Statement: []}
  Topic: {Type: AWS::SNS::Topic, Condition: HasTopic, Properties: {KmsMasterKeyId: !Ref Key}}
  Nothing: {Type: AWS::SNS::Topic, Condition: HasNothing}
  Subscription:
    Type: AWS::SNS::Subscription
    Condition: HasTopic
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/States
      MetricName: ExecutionsFailed
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      AlarmActions: [!If [HasTopic, !Ref Topic, !Ref AWS::NoValue]]
  Dashboard: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardBody: '{"widgets": []}'}}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}
Outputs:
  Machine: {Value: !Ref Machine, Description: The machine.}
  App: {Value: !Ref App}
  Bucket: {Value: !Ref Bucket}
  Table: {Value: !Ref Table}
  Build: {Value: !Ref Build}
  Queue: {Value: !Ref Queue}
  Secret: {Value: !Ref Secret}
  Topic: {Condition: HasTopic, Value: !Ref Topic}
  None: {Condition: HasNothing, Value: "no"}
"""
DEFINITION = {
    "QueryLanguage": "JSONata",
    "StartAt": "T",
    "States": {
        "T": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "${FunctionArn}", "Payload": "{% $states.input %}"},
            "End": True,
        }
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text("def handler(event, context):\n    return event\n")
    (folder / "layer" / "agent").mkdir(parents=True)
    (folder / "layer" / "agent" / "main.py").write_text("print()\n")
    (folder / "machine.asl.json").write_text(json.dumps(DEFINITION))
    (folder / "template.yaml").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def aws(folder: Path) -> Iterator[EmbeddedAws]:
    with EmbeddedAws.start(state_dir=folder / "state", template=folder / "template.yaml") as aws:
        yield aws


def test_cloudformation_tells_of_the_stack(aws: EmbeddedAws) -> None:
    cloudformation = aws.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="agentcore-lifecycle")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    told = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    assert told == aws.outputs
    assert "Topic" in told
    assert "None" not in told
    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    assert parameters == {"Days": "7", "WithTopic": "yes"}


def test_the_function_is_known_and_registered(aws: EmbeddedAws) -> None:
    known = aws.client("lambda").get_function(FunctionName=aws.outputs["App"])["Configuration"]
    assert (known["Timeout"], known["Handler"]) == (9, "app.handler")
    (spec,) = aws.functions.specs()
    assert (spec.logical_id, spec.timeout, spec.log_group) == ("App", 9.0, "/aws/lambda/x")
    assert spec.json_logs
    assert spec.environment == {"TABLE": aws.outputs["Table"], "SOURCE": "/opt/agent"}
    assert spec.opt is not None
    assert (spec.opt / "agent" / "main.py").is_file()
    role = spec.role_arn.rpartition("/")[2]
    attached = aws.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert "AWSXrayWriteOnlyAccess" in [policy["PolicyName"] for policy in attached]


def test_the_machine_runs_the_function(aws: EmbeddedAws) -> None:
    stepfunctions = aws.client("stepfunctions")
    described = stepfunctions.describe_state_machine(stateMachineArn=aws.outputs["Machine"])
    assert ":function:" in described["definition"]
    assert "${" not in described["definition"]
    arn = stepfunctions.start_execution(stateMachineArn=aws.outputs["Machine"], input='{"a": 1}')[
        "executionArn"
    ]
    for _ in range(200):
        found = stepfunctions.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            break
    assert json.loads(found["output"])["Payload"] == {"a": 1}
    (call,) = aws.calls.calls("lambda", "Invoke")
    assert call.caller is not None
    assert call.caller.name == "stepfunctions"


def test_storage_has_its_settings(aws: EmbeddedAws) -> None:
    s3, name = aws.client("s3"), aws.outputs["Bucket"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"][
        "BlockPublicAcls"
    ]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (rule["ID"], rule["Expiration"]["Days"], rule["Filter"]["Prefix"]) == ("old", 3, "tmp/")
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    dynamodb, table = aws.client("dynamodb"), aws.outputs["Table"]
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert expiry["AttributeName"] == "t"
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    secret = aws.client("secretsmanager").get_secret_value(SecretId=aws.outputs["Secret"])
    value = json.loads(secret["SecretString"])
    assert (value["u"], len(value["p"])) == ("me", 20)
    (group,) = aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/x")[
        "logGroups"
    ]
    assert group["retentionInDays"] == 7


def test_triggers_and_the_rest_are_there(aws: EmbeddedAws) -> None:
    rules = aws.client("events").list_rules()["Rules"]
    assert [json.loads(rule["EventPattern"]) for rule in rules] == [{"source": ["asked"]}]
    (schedule,) = aws.client("scheduler").list_schedules()["Schedules"]
    assert schedule["State"] == "DISABLED"
    (project,) = aws.client("codebuild").batch_get_projects(names=[aws.outputs["Build"]])[
        "projects"
    ]
    assert project["environment"]["type"] == "ARM_CONTAINER"
    assert len(aws.client("sns").list_topics()["Topics"]) == 1
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarms[0]["AlarmActions"] == [aws.outputs["Topic"]]
    queue = aws.client("sqs").get_queue_attributes(
        QueueUrl=aws.outputs["Queue"], AttributeNames=["VisibilityTimeout"]
    )
    assert queue["Attributes"]["VisibilityTimeout"] == "60"

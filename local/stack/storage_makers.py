"""Creators for what keeps data: S3, DynamoDB, ECR, Secrets Manager, CloudWatch Logs."""

from __future__ import annotations

import json
from typing import Any

from local.stack.errors import UnknownPropertyError
from local.stack.making import Creator, Making, Properties, Resource, given, tag_map, tags


def bucket(making: Making, properties: Properties) -> Resource:
    """Make a bucket with its settings."""
    s3 = making.client("s3")
    name = properties.take("BucketName") or making.name(
        properties.logical_id, longest=63, lower=True
    )
    location = {"LocationConstraint": making.region} if making.region != "us-east-1" else None
    s3.create_bucket(Bucket=name, **given(CreateBucketConfiguration=location))
    versioning = properties.take("VersioningConfiguration")
    if versioning:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
    encryption = properties.take("BucketEncryption")
    if encryption:
        rules = [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                **given(BucketKeyEnabled=rule.get("BucketKeyEnabled")),
            }
            for rule in encryption["ServerSideEncryptionConfiguration"]
        ]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    access = properties.take("PublicAccessBlockConfiguration")
    if access:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=access)
    ownership = properties.take("OwnershipControls")
    if ownership:
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=ownership)
    lifecycle = properties.take("LifecycleConfiguration")
    if lifecycle:
        s3.put_bucket_lifecycle_configuration(
            Bucket=name,
            LifecycleConfiguration={"Rules": [_lifecycle_rule(r) for r in lifecycle["Rules"]]},
        )
    notification = properties.take("NotificationConfiguration")
    if notification:
        s3.put_bucket_notification_configuration(
            Bucket=name,
            NotificationConfiguration=_notification(properties, notification),
        )
    tag_set = tags(properties.take("Tags"))
    if tag_set:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_set})
    properties.without_effect("LoggingConfiguration", "AccessControl")
    return Resource(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{making.region}.amazonaws.com",
        },
    )


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Write a rule as the S3 API has it; CloudFormation names some members differently."""
    named = {"Id": "ID", "ExpirationInDays": None, "Prefix": None}
    written: dict[str, Any] = {
        named.get(key) or key: value for key, value in rule.items() if named.get(key, key)
    }
    if "ExpirationInDays" in rule:
        written["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    old = written.pop("NoncurrentVersionExpirationInDays", None)
    if old is not None:
        written["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(old)}
    written["Filter"] = {"Prefix": rule.get("Prefix", "")}
    return written


def _notification(properties: Properties, value: dict[str, Any]) -> dict[str, Any]:
    unknown = set(value) - {"EventBridgeConfiguration"}
    if unknown:
        raise UnknownPropertyError(properties.logical_id, properties.resource_type, sorted(unknown))
    enabled = value["EventBridgeConfiguration"].get("EventBridgeEnabled", True)
    return {"EventBridgeConfiguration": {}} if str(enabled).lower() == "true" else {}


def bucket_policy(making: Making, properties: Properties) -> Resource:
    """Put a policy on a bucket."""
    name = properties.need("Bucket")
    making.client("s3").put_bucket_policy(
        Bucket=name, Policy=json.dumps(properties.need("PolicyDocument"))
    )
    return Resource(name)


def table(making: Making, properties: Properties) -> Resource:
    """Make a table; encryption, recovery and expiry afterwards, as the API has them."""
    dynamodb = making.client("dynamodb")
    name = properties.take("TableName") or making.name(properties.logical_id, longest=255)
    recovery = properties.take("PointInTimeRecoverySpecification")
    expiry = properties.take("TimeToLiveSpecification")
    encryption = properties.take("SSESpecification")
    if encryption:
        encryption = {
            "Enabled": encryption["SSEEnabled"],
            **given(
                SSEType=encryption.get("SSEType"), KMSMasterKeyId=encryption.get("KMSMasterKeyId")
            ),
        }
    made = dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=properties.need("AttributeDefinitions"),
        KeySchema=properties.need("KeySchema"),
        **given(
            BillingMode=properties.take("BillingMode"),
            ProvisionedThroughput=properties.take("ProvisionedThroughput"),
            GlobalSecondaryIndexes=properties.take("GlobalSecondaryIndexes"),
            StreamSpecification=properties.take("StreamSpecification"),
            DeletionProtectionEnabled=properties.take("DeletionProtectionEnabled"),
            SSESpecification=encryption,
            Tags=tags(properties.take("Tags")) or None,
        ),
    )["TableDescription"]
    if recovery:
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=recovery
        )
    if expiry:
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    return Resource(name, {"Arn": made["TableArn"], **given(StreamArn=made.get("LatestStreamArn"))})


def repository(making: Making, properties: Properties) -> Resource:
    """Make an image repository."""
    ecr = making.client("ecr")
    name = properties.take("RepositoryName") or making.name(
        properties.logical_id, longest=256, lower=True
    )
    scanning = properties.take("ImageScanningConfiguration")
    encryption = properties.take("EncryptionConfiguration")
    made = ecr.create_repository(
        repositoryName=name,
        **given(
            imageTagMutability=properties.take("ImageTagMutability"),
            imageScanningConfiguration=(
                {"scanOnPush": bool(scanning.get("ScanOnPush"))} if scanning else None
            ),
            encryptionConfiguration=(
                {
                    "encryptionType": encryption["EncryptionType"],
                    **given(kmsKey=encryption.get("KmsKey")),
                }
                if encryption
                else None
            ),
            tags=tags(properties.take("Tags")) or None,
        ),
    )["repository"]
    lifecycle = properties.take("LifecyclePolicy")
    if lifecycle:
        ecr.put_lifecycle_policy(
            repositoryName=name, lifecyclePolicyText=lifecycle["LifecyclePolicyText"]
        )
    policy = properties.take("RepositoryPolicyText")
    if policy:
        ecr.set_repository_policy(repositoryName=name, policyText=json.dumps(policy))
    properties.without_effect("EmptyOnDelete")
    return Resource(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})


def secret(making: Making, properties: Properties) -> Resource:
    """Make a secret, its value given or generated."""
    client = making.client("secretsmanager")
    value = properties.take("SecretString")
    generate = properties.take("GenerateSecretString")
    if generate:
        template = json.loads(generate.pop("SecretStringTemplate", "{}"))
        key = generate.pop("GenerateStringKey", None)
        password = client.get_random_password(**generate)["RandomPassword"]
        value = json.dumps({**template, key: password}) if key else password
    arn = client.create_secret(
        Name=properties.take("Name") or making.name(properties.logical_id, longest=256),
        **given(
            Description=properties.take("Description"),
            SecretString=value,
            KmsKeyId=properties.take("KmsKeyId"),
            Tags=tags(properties.take("Tags")) or None,
        ),
    )["ARN"]
    return Resource(arn, {"Id": arn})


def log_group(making: Making, properties: Properties) -> Resource:
    """Make a log group, kept as long as it says."""
    logs = making.client("logs")
    name = properties.take("LogGroupName") or making.name(properties.logical_id, longest=512)
    logs.create_log_group(
        logGroupName=name,
        **given(
            kmsKeyId=properties.take("KmsKeyId"), tags=tag_map(properties.take("Tags")) or None
        ),
    )
    days = properties.take("RetentionInDays")
    if days is not None:
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
    properties.without_effect("LogGroupClass")
    # The attribute ends in ":*", the ARN of the API does not (CloudFormation user guide).
    return Resource(name, {"Arn": making.arn("logs", f"log-group:{name}:*")})


CREATORS: dict[str, Creator] = {
    "AWS::S3::Bucket": bucket,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::DynamoDB::Table": table,
    "AWS::ECR::Repository": repository,
    "AWS::SecretsManager::Secret": secret,
    "AWS::Logs::LogGroup": log_group,
}

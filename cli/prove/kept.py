"""Removes what stays when a stack is deleted: bucket, table, log groups, and what the deployment uploaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import ClientError

from cli.prove.place import Place
from cli.target.target import BUCKET_OUTPUT

AGENT_LOGS = "/aws/bedrock-agentcore/runtimes/"
_STACK_LOGS = ("/aws/lambda/", "/aws/vendedlogs/states/", "/aws/codebuild/")
_GONE = frozenset({"ResourceNotFoundException", "NoSuchBucket", "404"})


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Let a deletion pass if there is nothing to delete."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise


class Kept:
    """What a deleted stack leaves.

    Args:
        place: Where.
        outputs: The stack's outputs before it was deleted.
    """

    def __init__(self, place: Place, outputs: Mapping[str, str]) -> None:
        self._place = place
        self._outputs = outputs

    def delete_bucket(self) -> None:
        """Empty and delete the artifact bucket."""
        bucket = self._outputs.get(BUCKET_OUTPUT)
        if bucket is not None:
            with gone_is_fine():
                self._empty(bucket, "")
                self._place.client("s3").delete_bucket(Bucket=bucket)

    def delete_tables(self) -> None:
        """Delete the environments table and the artifacts table."""
        for output in ("EnvironmentsTableName", "ArtifactsTableName"):
            table = self._outputs.get(output)
            if table is not None:
                with gone_is_fine():
                    self._place.client("dynamodb").delete_table(TableName=table)

    def delete_logs(self) -> None:
        """Delete the log groups of functions, executions, builds and agents."""
        logs, stack = self._place.client("logs"), self._place.stack
        agents = f"{AGENT_LOGS}{stack.replace('-', '_')}_"
        for prefix in (*(f"{folder}{stack}" for folder in _STACK_LOGS), agents):
            pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
            for group in [one["logGroupName"] for page in pages for one in page["logGroups"]]:
                # Another stack's name can begin with this one's.
                if group.startswith(agents) or group == prefix:
                    with gone_is_fine():
                        logs.delete_log_group(logGroupName=group)

    def delete_uploads(self) -> None:
        """Delete what the deployment uploaded for this stack."""
        found = self._place.uploads()
        if found is not None:
            self._empty(*found)

    def _empty(self, bucket: str, prefix: str) -> None:
        s3 = self._place.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            keys = [
                {"Key": one["Key"], "VersionId": one["VersionId"]}
                for kind in ("Versions", "DeleteMarkers")
                for one in page.get(kind, [])
            ]
            if keys:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})

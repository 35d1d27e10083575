"""`lifecycle local up --keep-state`: notes the environments when the local AWS stops, and provisions them again."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.environments.record import read_record
from cli.environments.table import EnvironmentsTable
from cli.errors import CommandError
from cli.execution.follow import follow
from cli.keeping.notes import Note, Notes, Zip, locations
from cli.perform.execution import start
from cli.target.deployed import Deployed, lifecycle_of
from cli.target.target import BUCKET_OUTPUT

log = logging.getLogger(__name__)
_ERRORS = (CommandError, ClientError, BotoCoreError, OSError, ValueError)


class Keeping:
    """The environments of one local AWS, from one start to the next.

    Args:
        place: Its stack.
        notes: Where they are noted.
        waiting: Those that are provisioned again, in this order.
        say: Takes a sentence for the user.
    """

    def __init__(
        self, place: Deployed, notes: Notes, waiting: Iterable[Note], say: Callable[[str], None]
    ) -> None:
        self._place, self._notes, self._say = place, notes, say
        self._bucket = place.output(BUCKET_OUTPUT)
        self._s3 = place.client("s3")
        self._lock = threading.Lock()
        self._ending = False
        self._waiting = {note.environment: note for note in waiting}

    def names(self) -> list[str]:
        """Return the names of the environments that wait to be provisioned again."""
        with self._lock:
            return list(self._waiting)

    def provision_again(self) -> None:
        """Start an execution for each environment that is kept, and say how each ended.

        What fails stays noted, and is tried again at the next start.
        """
        target = lifecycle_of(self._place)
        with self._lock:
            notes = list(self._waiting.values())
        started: list[tuple[str, str]] = []
        for note in notes:
            try:
                started.append((note.environment, start(target, self._restored(note))))
            except _ERRORS as error:
                self._failed(note.environment, str(error))
        for environment, arn in started:
            try:
                result = follow(target.stepfunctions, arn, lambda _timeline, _moments: None)
            except _ERRORS as error:
                self._failed(environment, str(error))
                continue
            if result.succeeded:
                with self._lock:
                    del self._waiting[environment]
                self._say(f"{environment} is provisioned again.")
            else:
                failure = result.failure
                reason = f"{failure.error}: {failure.reason}" if failure else result.status
                self._failed(environment, reason)

    def note(self) -> list[str]:
        """Note the environments that there are now, and those that could not be provisioned again.

        Returns:
            Their names.

        Raises:
            CommandError: The local AWS does not say what there is. The notes stay as they were.
            ClientError: As `CommandError`.
            BotoCoreError: As `CommandError`.
        """
        with self._lock:
            self._ending, notes = True, dict(self._waiting)
        for name in sorted(EnvironmentsTable(self._place).names()):
            note = self._note(name)
            if note is None:
                notes.pop(name, None)
            else:
                notes[name] = note
        self._notes.replace(notes)
        return sorted(notes)

    def _note(self, environment: str) -> Note | None:
        # Imported late: a start without environments needs no models.
        from lifecycle.request.again import input_again

        record = read_record(self._place, environment)
        if record.state == "FAILED" and record.proven_request is not None:
            # What `live` serves is what somebody wants to find again.
            record = record.model_copy(update={"request": record.proven_request})
        value = input_again(record)
        if value is None:
            return None
        value = copy.deepcopy(value)
        zips = [one for where in locations(value) if (one := self._zip(where)) is not None]
        return Note(environment, record.created_at or "", value, tuple(zips))

    def _zip(self, where: dict[str, Any]) -> Zip | None:
        version, own = where.get("versionId"), where["bucket"] == self._bucket
        more = {"VersionId": version} if version else {}
        try:
            found = self._s3.get_object(Bucket=where["bucket"], Key=where["key"], **more)
        except ClientError:
            # The next provision says that it is gone, as it would now.
            return None
        if own:
            where["bucket"] = ""
        return Zip(where["bucket"], where["key"], version, found["Body"].read())

    def _restored(self, note: Note) -> dict[str, Any]:
        """Upload what an input names, and return the input for this local AWS."""
        value = copy.deepcopy(note.value)
        versions: dict[tuple[str, str, str | None], str] = {}
        for one in note.zips:
            if one.bucket:
                self._make(one.bucket)
            put = self._s3.put_object(Bucket=one.bucket or self._bucket, Key=one.key, Body=one.body)
            versions[one.bucket, one.key, one.version] = put.get("VersionId", "")
        for where in locations(value):
            now = versions.get((where["bucket"], where["key"], where.get("versionId")))
            if where.get("versionId") and now:
                where["versionId"] = now
            where["bucket"] = where["bucket"] or self._bucket
        return value

    def _make(self, bucket: str) -> None:
        owned = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
        region = self._s3.meta.region_name
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        configuration = {"CreateBucketConfiguration": where} if where else {}
        try:
            self._s3.create_bucket(Bucket=bucket, **configuration)
        except ClientError as error:
            if error.response["Error"]["Code"] not in owned:
                raise
            return
        self._s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def _failed(self, environment: str, reason: str) -> None:
        if self._ending:
            return  # it is noted, and the local AWS is going
        said = (
            f"{environment} was not provisioned again: {' '.join(reason.split())}. Its input is kept in "
            f"{self._notes.folder / environment}.json; remove the file to give it up."
        )
        log.warning("%s", said)  # nobody sees what one in the background says
        self._say(said)

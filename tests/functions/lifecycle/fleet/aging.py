"""Make what an account has in ECR and S3 older: moto writes its own clock's time."""

from __future__ import annotations

from datetime import timedelta

from moto.backends import get_backend


def age(seconds: float) -> None:
    """Let every image be pushed, and every version and delete marker be written, so much earlier."""
    for images in get_backend("ecr").values():
        for backend in images.values():
            for repository in backend.repositories.values():
                for image in repository.images:
                    image.image_pushed_at -= int(seconds)
    for objects in get_backend("s3").values():
        for store in objects.values():
            for bucket in store.buckets.values():
                for key in list(bucket.keys):
                    for version in bucket.keys.getlist(key):
                        version.last_modified -= timedelta(seconds=seconds)

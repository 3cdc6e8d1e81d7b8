"""An S3 service of this process, for tests: moto behind a loopback port, and the settings to reach it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def s3_service() -> Iterator[dict[str, str]]:
    """Environment variables with which this process's children reach it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "FSSPEC_S3": json.dumps({"endpoint_url": f"http://{host}:{port}"}),
        }
    finally:
        server.stop()


def s3_bucket(environment: dict[str, str]) -> str:
    """URL of a new folder in a new bucket there."""
    import s3fs

    endpoint = json.loads(environment["FSSPEC_S3"])["endpoint_url"]
    service = s3fs.S3FileSystem(
        key="testing", secret="testing", endpoint_url=endpoint, skip_instance_cache=True
    )
    bucket = f"league-{uuid.uuid4().hex[:12]}"
    service.mkdir(bucket)
    return f"s3://{bucket}/store"

"""A sweep as a job of a Ray cluster elsewhere: submitted from a laptop, watched, stopped, gone on with.

>>> jobs = connect("http://127.0.0.1:8265")
>>> job = jobs.start(Request.of(["sweep", "demo"], sweep="demo", store="s3://bucket/store"))
>>> code = jobs.follow(job, on_event=print, on_text=print)
"""

from suite.jobs.client import Job, Jobs, connect
from suite.jobs.errors import JobError
from suite.jobs.request import Request

__all__ = ["Job", "JobError", "Jobs", "Request", "connect"]

"""As much of W&B's server as ``wandb sync`` talks to, on this machine: it answers and remembers."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

KEY = "5ec2e7" * 6 + "abcd"
ENTITY = "testers"


@dataclass
class Received:
    """What reached the server: of each run what described it, and its streamed files, by offset."""

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    streams: dict[str, dict[str, dict[int, str]]] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    artifacts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def history(self, run: str) -> list[dict[str, Any]]:
        """The history of a run, in order, as it stands on the server."""
        lines = self.streams[run].get("wandb-history.jsonl", {})
        return [json.loads(line) for _, line in sorted(lines.items())]

    def summary(self, run: str) -> dict[str, Any]:
        """The latest summary of a run."""
        lines = self.streams[run]["wandb-summary.json"]
        found: dict[str, Any] = json.loads(lines[max(lines)])
        return found

    def config(self, run: str) -> dict[str, Any]:
        """The config of a run, without what W&B adds."""
        told = json.loads(self.runs[run]["config"])
        return {name: entry["value"] for name, entry in told.items() if name != "_wandb"}


class FakeWandb:
    """``with fake_wandb() as server``: ``server.url`` for WANDB_BASE_URL. ``refuses`` names a run to fail."""

    def __init__(self) -> None:
        self.received = Received()
        self.refuses: str | None = None
        self._lock = Lock()
        self._count = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *arguments: Any) -> None:
                return

            def handle(self) -> None:
                with suppress(ConnectionResetError):  # a client that ended
                    super().handle()

            def _answer(self) -> None:
                body = self._body()
                with owner._lock:
                    status, answer = owner._answer(self.command, self.path, dict(self.headers), body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") == "chunked":
                    data = b""
                    while size := int(self.rfile.readline(), 16):
                        data += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

            do_GET = do_POST = do_PUT = _answer  # noqa: N815 the names that the base class calls

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        if path == "/graphql":
            expected = "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
            if headers.get("Authorization") != expected:
                return 401, {"errors": [{"message": "user is not logged in"}]}
            asked = json.loads(body)
            return self._graphql(asked["query"], asked.get("variables") or {})
        if stream := re.fullmatch(r"/files/([^/]+)/([^/]+)/([^/]+)/file_stream", path):
            self._stream(stream[3], json.loads(body))
            return 200, {}
        if method == "PUT":
            self.received.uploads[path] = body
            return 200, {}
        if path.startswith("/sdk/otel/"):  # its own figures about itself
            return 200, {}
        self.received.unknown.append(f"{method} {path}")
        return 404, {}

    def _stream(self, run: str, told: dict[str, Any]) -> None:
        files = self.received.streams.setdefault(run, {})
        for name, chunk in (told.get("files") or {}).items():
            for number, line in enumerate(chunk["content"]):
                files.setdefault(name, {})[chunk["offset"] + number] = line
        if "exitcode" in told:
            self.received.runs[run]["exitcode"] = told["exitcode"]

    def _graphql(self, query: str, given: dict[str, Any]) -> tuple[int, Any]:
        found = re.search(r"(?:query|mutation)\s+(\w+)", query)
        name = found[1] if found else ""
        self.received.operations.append(name)
        handler = getattr(
            self, "_on" + re.sub(r"([A-Z])", lambda letter: f"_{letter[1].lower()}", name), None
        )
        if handler is None:
            self.received.unknown.append(query)
            return 200, {"data": {}}
        return handler(given) if name == "UpsertBucket" else (200, {"data": handler(given)})

    def _on_viewer(self, given: dict[str, Any]) -> Any:
        return {
            "viewer": {"id": "v", "entity": ENTITY, "username": ENTITY, "flags": "{}", "teams": {"edges": []}}
        }

    _on_get_default_entity = _on_viewer

    def _on_server_features_query(self, given: dict[str, Any]) -> Any:
        return {"serverInfo": {"features": []}}

    def _on_upsert_bucket(self, given: dict[str, Any]) -> tuple[int, Any]:
        if given["name"] == self.refuses:
            return 400, {"errors": [{"message": "this run is refused"}]}
        told = {name: value for name, value in given.items() if value is not None}
        run = self.received.runs.setdefault(given["name"], {})
        run.update(told)
        owner = {"name": given["project"], "entity": {"name": given["entity"] or ENTITY}}
        bucket = {"id": f"id-{given['name']}", "name": given["name"], "displayName": given["displayName"]}
        bucket |= {"project": {"id": "p", **owner}, "config": "{}", "sweepName": None, "historyLineCount": 0}
        return 200, {"data": {"upsertBucket": {"bucket": bucket, "inserted": True}}}

    def _on_create_artifact(self, given: dict[str, Any]) -> Any:
        told = given["input"]
        self._count += 1
        artifact = {
            "id": f"artifact-{self._count}",
            "state": "PENDING",
            "artifactSequence": {"latestArtifact": None},
        }
        name = told["artifactCollectionName"]
        self.received.artifacts.setdefault(name, []).append(
            {**told, "id": artifact["id"], "committed": False}
        )
        return {"createArtifact": {"artifact": artifact}}

    def _on_create_artifact_manifest(self, given: dict[str, Any]) -> Any:
        self._count += 1
        file = {
            "id": f"file-{self._count}",
            "name": "wandb_manifest.json",
            "displayName": "wandb_manifest.json",
        }
        file |= {"uploadUrl": f"{self.url}/upload/manifest/{self._count}", "uploadHeaders": []}
        return {
            "createArtifactManifest": {"artifactManifest": {"id": f"manifest-{self._count}", "file": file}}
        }

    def _on_create_run_files(self, given: dict[str, Any]) -> Any:
        run = given["run"]
        files = [{"name": name, "uploadUrl": f"{self.url}/upload/{run}/{name}"} for name in given["files"]]
        return {"createRunFiles": {"runID": f"id-{run}", "uploadHeaders": [], "files": files}}

    def _on_create_artifact_files(self, given: dict[str, Any]) -> Any:
        nodes = []
        for file in given["input"]["artifactFiles"]:
            path = f"upload/{file['artifactID']}/{file['name']}"
            node = {"storagePath": path, "uploadUrl": f"{self.url}/{path}", "uploadHeaders": []}
            nodes.append(
                {"node": {**node, "uploadMultipartUrls": None, "artifact": {"id": file["artifactID"]}}}
            )
        return {"createArtifactFiles": {"files": {"edges": nodes}}}

    def _on_commit_artifact(self, given: dict[str, Any]) -> Any:
        for artifact in (a for versions in self.received.artifacts.values() for a in versions):
            artifact["committed"] |= artifact["id"] == given["artifactID"]
        return {
            "commitArtifact": {"artifact": {"id": given["artifactID"], "digest": "", "state": "COMMITTED"}}
        }


@contextmanager
def fake_wandb() -> Iterator[FakeWandb]:
    server = FakeWandb()
    try:
        yield server
    finally:
        server.close()

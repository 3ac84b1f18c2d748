"""An S3 server of the tests' own, on a port of this machine; it goes with the tests.

moto's server keeps the objects in memory. It looks whether an object exists and creates it in two steps,
so that two requests at a time could both win; here it takes one request after another, as one that
really has conditional writes answers.

Usage, as it starts itself: object_store.py
"""

import contextlib
import importlib.util
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

BUCKET = "faces"


def missing() -> str | None:
  """Why there can be no server; None if there can."""
  lacking = [name for name in ("s3fs", "moto", "flask") if importlib.util.find_spec(name) is None]
  return f"{', '.join(lacking)} not installed (pip install 'privai-tf[dev]')" if lacking else None


@contextlib.contextmanager
def running() -> Iterator[dict[str, str]]:
  """A server with an empty bucket; gives the environment by which clients find it."""
  command = [sys.executable, str(pathlib.Path(__file__).resolve())]
  with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
    try:
      port = int(server.stdout.readline())
      yield {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
      }
    finally:
      server.kill()


def _serve() -> None:
  import boto3
  import moto.server
  from werkzeug.serving import make_server

  os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = str(1 << 30)
  application = moto.server.DomainDispatcherApplication(moto.server.create_backend_app)
  server = make_server("127.0.0.1", 0, application, threaded=False)
  server.log_startup = lambda: None
  import threading

  threading.Thread(target=server.serve_forever, daemon=True).start()
  client = boto3.client(
    "s3",
    endpoint_url=f"http://127.0.0.1:{server.port}",
    region_name="us-east-1",
    aws_access_key_id="tests",
    aws_secret_access_key="tests",
  )
  client.create_bucket(Bucket=BUCKET)
  print(server.port, flush=True)
  threading.Event().wait()


if __name__ == "__main__":
  import logging

  logging.getLogger("werkzeug").setLevel(logging.ERROR)
  _serve()

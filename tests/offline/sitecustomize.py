"""Keeps tests, and the Python programs that they start, from reaching out of this machine.

Python imports this module when it starts, wherever this folder is on `PYTHONPATH`. Whatever asks for a
name or a connection outside is refused, and written down in `$PRIVAI_OUTREACH`, which fails the suite
(see `conftest.py`). Connections of native code (gRPC) are not seen.
"""

import ipaddress
import os
import socket
import sys
from typing import Any

_RECORD = "PRIVAI_OUTREACH"


def _is_here(host: Any) -> bool:
  name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
  try:
    address = ipaddress.ip_address(name.split("%")[0])
  except ValueError:
    return name in ("", "None", "localhost", socket.gethostname())
  return address.is_loopback or address.is_unspecified


def _watch(event: str, arguments: tuple) -> None:
  if event == "socket.getaddrinfo":
    host = arguments[0]
  elif event == "socket.connect" and isinstance(arguments[1], tuple):
    host = arguments[1][0]
  else:
    return
  if _is_here(host):
    return
  with open(os.environ[_RECORD], "a", encoding="utf-8") as record:
    record.write(f"{event} {host} by {' '.join(sys.argv)[:200]}\n")
  raise OSError(f"tests reach nothing outside this machine, not {host}")


if _RECORD in os.environ:
  sys.addaudithook(_watch)

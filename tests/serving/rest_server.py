"""The REST form of the model server that tests use: JSON in and out over HTTP."""

import base64
import http.server
import json
import re
import sys
import threading

import numpy as np

_PREDICT = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?:predict")
_STATUS = re.compile(r"/v1/models/([^/:]+)(?:/versions/\d+)?")
_CODES = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "UNAVAILABLE": 503}


def start(model, refused, port):
  """A server in threads of its own.

  Args:
    model: with `name`, `version`, `specs` and `predict`.
    refused: the exception of refused requests, with a `code`.
    port: 0 picks a free one.
  """

  class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
      match = _STATUS.fullmatch(self.path)
      if match is None or match[1] != model.name:
        self._answer(404, {"error": "Could not find any versions of model"})
        return
      status = {"version": str(model.version), "state": "AVAILABLE", "status": {}}
      self._answer(200, {"model_version_status": [status]})

    def do_POST(self):
      body = self.rfile.read(int(self.headers["Content-Length"]))
      match = _PREDICT.fullmatch(self.path)
      if match is None:
        self._answer(404, {"error": "Malformed request"})
        return
      try:
        self._answer(200, _predict(model, refused, match, body))
      except refused as error:
        self._answer(_CODES.get(error.code, 500), {"error": str(error)})

    def _answer(self, status, value):
      data = json.dumps(value).encode()
      self.send_response(status)
      self.send_header("Content-Type", "application/json")
      self.send_header("Content-Length", str(len(data)))
      self.end_headers()
      self.wfile.write(data)

    def log_message(self, *_):
      pass

  class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
      if not isinstance(sys.exception(), ConnectionError):  # A client that waited no longer.
        super().handle_error(request, client_address)

  server = Server(("127.0.0.1", port), Handler)
  threading.Thread(target=server.serve_forever, daemon=True).start()
  return server


def _predict(model, refused, match, body):
  try:
    request = json.loads(body)
    name, version = match[1], int(match[2]) if match[2] else None
    signature = request.get("signature_name", "serving_default")
    specs = model.specs(signature) if signature in model.batchers else {}
    columns = request.get("inputs")
    if columns is None:
      rows = [_as_row(row, specs) for row in request["instances"]]
      columns = {key: [row[key] for row in rows] for key in rows[0]}
    elif not isinstance(columns, dict):
      columns = {next(iter(specs)): columns}
    inputs = {key: _array(values, specs[key]) for key, values in columns.items() if key in specs}
  except (ValueError, KeyError, TypeError, IndexError) as error:
    raise refused("INVALID_ARGUMENT", f"JSON of another form: {error!r}") from error
  outputs = model.predict(name, version, signature, inputs)
  columns = {key: _plain(key, values) for key, values in outputs.items()}
  if "inputs" in request:
    return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}
  rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
  return {"predictions": rows if len(columns) > 1 else [next(iter(row.values())) for row in rows]}


def _as_row(row, specs):
  """A row is an object of its inputs, or the bare value of the only one."""
  bare = not isinstance(row, dict) or set(row) == {"b64"}
  return {next(iter(specs)): row} if bare else row


def _array(values, spec):
  if spec.dtype != "string":
    return np.array(values, spec.dtype.as_numpy_dtype)
  array = np.empty(len(values), object)
  array[:] = [base64.b64decode(v["b64"]) if isinstance(v, dict) else v.encode() for v in values]
  return array


def _plain(key, values):
  """JSON values; strings as text, unless the name says that they are binary."""
  if values.dtype != object:
    return values.tolist()
  if key.endswith("_bytes"):
    return [{"b64": base64.b64encode(value).decode()} for value in values]
  return [value.decode() for value in values]

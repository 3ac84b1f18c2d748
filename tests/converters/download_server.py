"""A server of our own that breaks off, changes files and sends web pages."""

import contextlib
import hashlib
import http.server
import threading

from privai_tf.converters.zoo import Address, ZooFile

PICKLE = b"\x80\x04" + bytes(range(256)) * 3000


class Site:
  """What the server serves, and how it misbehaves.

  Attributes:
    content: the file's bytes; its ETag is their hash.
    breaks: for each coming request, after how many bytes the connection drops (None: never).
    page: an HTML page to send in place of the file.
    status: an error to answer with.
    tag: whether an ETag is sent.
    requests: the Range header of each request.
  """

  def __init__(self):
    self.content, self.breaks, self.page, self.status, self.tag = PICKLE, [], None, None, True
    self.requests = []


class Handler(http.server.BaseHTTPRequestHandler):
  protocol_version = "HTTP/1.0"

  def do_GET(self):
    site = self.server.site
    wanted = self.headers.get("Range")
    site.requests.append(wanted)
    if site.status:
      self.send_error(site.status)
      return
    body, kind = (site.page, "text/html") if site.page else (site.content, "application/octet")
    tag = '"' + hashlib.sha256(body).hexdigest()[:12] + '"'
    start = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
    same = self.headers.get("If-Range") == tag
    if start and same and start >= len(body):
      self.send_error(416)
      return
    start = start if same else 0
    self.send_response(206 if start else 200)
    if start:
      self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    self.send_header("Content-Type", kind)
    self.send_header("Content-Length", str(len(body) - start))
    if site.tag:
      self.send_header("ETag", tag)
    self.end_headers()
    stop = site.breaks.pop(0) if site.breaks else None
    self.wfile.write(body[start:] if stop is None else body[start : start + stop])

  def log_message(self, *arguments):
    pass


@contextlib.contextmanager
def serving():
  """A `Site` while its server runs."""
  with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    server.site = Site()
    server.site.url = f"http://127.0.0.1:{server.server_port}/network.pkl"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.site
    server.shutdown()
    thread.join()


def zoo_file(url, name="network.pkl", kind="generator", more=()):
  """An entry of the zoo with these addresses."""
  addresses = tuple(Address(u, "a page") for u in (url, *more))
  return ZooFile(name, kind, "stylegan", "FFHQ", 1024, "CC BY-NC 4.0", addresses)


def names(folder):
  """The names of all files in a folder."""
  return sorted(path.name for path in folder.iterdir())

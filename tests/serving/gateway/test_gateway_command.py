"""The command itself, as another process."""

import io
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from PIL import Image


def _run(repository, *arguments):
  return subprocess.run(
    [sys.executable, "-m", "privai_tf.gateway", *map(str, arguments)],
    cwd=repository,
    capture_output=True,
    text=True,
    check=False,
  )


@pytest.mark.slow
def test_a_caller_is_added_and_mistakes_end_with_one_line(repository, tmp_path):
  tokens = tmp_path / "tokens.json"
  added = _run(repository, f"--tokens={tokens}", "--add_caller=ada", "--budget_epsilon=2.5")
  assert (added.returncode, added.stderr) == (0, "")
  assert len(added.stdout.strip()) >= 43
  assert json.loads(tokens.read_text())["callers"][0]["epsilon"] == 2.5
  for arguments in (
    (f"--tokens={tokens}",),
    (f"--tokens={tokens}", "--ledger=x.db", "--mechanisms=reference_postclip"),
  ):
    failed = _run(repository, *arguments)
    assert failed.returncode == 2
    assert failed.stderr.count("\n") == 1


def _get(url, token=None, body=None):
  headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/png"} if token else {}
  request = urllib.request.Request(url, body, headers)
  with urllib.request.urlopen(request, timeout=120) as answer:
    return json.load(answer)


def _animated(photo):
  buffer = io.BytesIO()
  picture = Image.open(io.BytesIO(photo))
  picture.save(buffer, "WEBP", save_all=True, append_images=[picture.rotate(90)])
  return buffer.getvalue()


@pytest.mark.slow
def test_it_serves_and_ends_on_sigterm(
  repository, tmp_path, tiny_checkpoint, photo, few_public_codes
):
  from privai_tf.serving.gateway.tokens import add_caller

  few_public_codes(tiny_checkpoint, latent_space="W", steps=1)
  tokens = tmp_path / "tokens.json"
  token = add_caller(tokens, "ada", epsilon=1)
  process = subprocess.Popen(
    [
      sys.executable,
      "-m",
      "privai_tf.gateway",
      f"--tokens={tokens}",
      f"--ledger={tmp_path / 'ledger.db'}",
      "--create_ledger",
      f"--checkpoint={tiny_checkpoint}",
      f"--attributes=smile={tiny_checkpoint / 'smile_w_boundary.npy'}",
      "--steps=1",
      "--align=none",
      "--port=0",
    ],
    cwd=repository,
    stdout=subprocess.PIPE,
    stderr=(tmp_path / "log").open("wb"),
    text=True,
    env={**os.environ, "TMPDIR": str(tmp_path)},
  )
  try:
    line = process.stdout.readline()
    assert line.startswith("Listening on http://127.0.0.1:"), (tmp_path / "log").read_text()
    url = line.split()[-1]
    assert _get(f"{url}/readyz") == {"status": "ok"}
    # Of an animation, the first picture is used, which other commands note in their log.
    answer = _get(f"{url}/v1/privatize?epsilon=1", token, _animated(photo))
    assert answer["remaining"]["epsilon"] == 0
    with pytest.raises(urllib.error.HTTPError) as caught:
      _get(f"{url}/v1/privatize?epsilon=1", token, photo)
    assert caught.value.code == 402
  finally:
    process.send_signal(signal.SIGTERM)
    process.wait(120)
    process.stdout.close()
  log = (tmp_path / "log").read_text()
  assert '"route": "/v1/privatize", "status": 200' in log
  assert "epsilon=1" not in log
  assert "several pictures" not in log
  assert "Traceback" not in log
  assert process.returncode == 143

"""Serves a page on which anybody can hide something in a face: photo, strength, release.

  python -m privai_tf.web
  python -m privai_tf.web --checkpoint=mobilestylegan-ffhq --port=8000

It listens on this machine only; --host needs --auth_file. See docs/web.md.
"""

import pathlib

from absl import flags

from privai_tf.runtime import command, command_help
from privai_tf.runtime.extras import require_packages
from privai_tf.runtime.shared_flags import shared_flag

_CHECKPOINT = shared_flag("checkpoint")
_ATTRIBUTES = shared_flag(
  "attribute", "What may be hidden; default: all that the checkpoint has boundaries for."
)
_LATENT_SPACE = shared_flag("latent_space")
_STEPS = shared_flag("steps", "Inversion steps; default: 50 from an encoder's code on, else 200.")
_PRECISION = shared_flag("precision")
_HOST = shared_flag("host", "Where to listen; 0.0.0.0 for all interfaces, with --auth_file.")
_PORT = shared_flag("port", default=7860)
_AUTH_FILE = flags.DEFINE_string(
  "auth_file", None, "Who may come: a tokens file, see privai_tf.gateway --add_caller."
)
_LEDGER = shared_flag("ledger", "Where releases are charged; default: a file in your state folder.")
_BUDGET_EPSILON = shared_flag(
  "budget_epsilon", "What all releases of a photo may cost together.", default=8.0
)
_BUDGET_DELTA = shared_flag(
  "budget_delta",
  "Likewise; a release of a face that is kept recognizable costs 1e-6 of it.",
  default=1e-5,
)
_MAX_EPSILON = shared_flag("max_epsilon")
_MAX_UPLOAD_BYTES = shared_flag("max_upload_bytes", "Of a photo.", lower_bound=1)
_MAX_PIXELS = shared_flag("max_pixels", "Of a photo.", lower_bound=1)
_MAX_WAITING = flags.DEFINE_integer(
  "max_waiting", 16, "Requests that may wait for the model; more are refused.", 1
)
_SESSION_MINUTES = flags.DEFINE_float(
  "session_minutes", 30.0, "After so long without a sign of life a photo is forgotten."
)
command_help.first("checkpoint", "attribute", "port", "host", "auth_file")


def main(_: list[str]) -> None:
  require_packages("The page", "web", "gradio", "fastapi", "uvicorn")

  from privai_tf.web.settings import WebSettings

  settings = WebSettings(
    checkpoint=_CHECKPOINT.value,
    attributes=None if _ATTRIBUTES.value is None else tuple(_ATTRIBUTES.value),
    latent_space=_LATENT_SPACE.value,
    steps=_STEPS.value,
    precision=_PRECISION.value,
    host=_HOST.value,
    port=_PORT.value,
    auth_file=_path(_AUTH_FILE.value),
    ledger=_path(_LEDGER.value),
    budget_epsilon=_BUDGET_EPSILON.value,
    budget_delta=_BUDGET_DELTA.value,
    max_epsilon=_MAX_EPSILON.value,
    max_upload_bytes=_MAX_UPLOAD_BYTES.value,
    max_pixels=_MAX_PIXELS.value,
    max_waiting=_MAX_WAITING.value,
    session_minutes=_SESSION_MINUTES.value,
  )

  from privai_tf.web.server import run

  run(settings, lambda line: print(line, flush=True))


def _path(given: str | None) -> pathlib.Path | None:
  return None if given is None else pathlib.Path(given)


if __name__ == "__main__":
  command.run(main, stopped="the page is closed, and no photo is kept.")

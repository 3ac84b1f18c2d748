"""Serves releases over HTTP: holds the ledger, draws the noise, and lets a model do the rest.

    python -m privai_tf.gateway --tokens=tokens.json --add_caller=ada --budget_epsilon=10
    python -m privai_tf.gateway --tokens=tokens.json --ledger=ledger.db --create_ledger \\
      --checkpoint=avatars --attribute=smile,age --port=8080

The first line adds a caller and prints its token, once; see docs/gateway.md.
"""

from typing import Any

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import command, command_help
from privai_tf.runtime.extras import require_packages
from privai_tf.runtime.shared_flags import shared_flag
from privai_tf.runtime.startup import start_tensorflow

_CHECKPOINT = shared_flag("checkpoint")
_ATTRIBUTES = shared_flag(
  "attribute",
  "Attributes on offer: the checkpoint's boundaries, or NAME=FILE.npy.",
  default=["smile"],
)
_LATENT_SPACE = shared_flag("latent_space")
_PRESET = shared_flag(
  "preset",
  "likeness: photographs are searched until the person is found, in W+ (about 80 s of a core a request), "
  "and released by gaussian with a delta of 1e-6. Sets --latent_space, --scopes, --mechanisms, "
  "--public_codes, --batch_size, --request_timeout and --max_concurrent unless they are given.",
  values=("likeness",),
)
_LEDGER = shared_flag(
  "ledger",
  "What records what every caller spent: a SQLite file, or postgresql://USER@HOST/DATABASE, which "
  "gateways on several machines share.",
)
_CREATE_LEDGER = shared_flag("create_ledger")
_TOKENS = flags.DEFINE_string("tokens", None, "JSON file of the callers; see --add_caller.")
_HOST = shared_flag("host")
_PORT = shared_flag("port")
_TLS_CERTIFICATE = flags.DEFINE_string("tls_certificate", None, "PEM file; without, plain HTTP.")
_TLS_KEY = flags.DEFINE_string("tls_key", None, "PEM file of its key.")
_BACKEND = flags.DEFINE_enum(
  "backend", "in_process", ["in_process", "serving"], "Where the networks run."
)
_SERVING_ADDRESS = flags.DEFINE_string(
  "serving_address", None, "HOST:PORT of the model server, for --backend=serving."
)
_SERVING_MODEL = flags.DEFINE_string(
  "serving_model", None, "The model's name there; default: the checkpoint's."
)
_SERVING_PROTOCOL = flags.DEFINE_enum(
  "serving_protocol", "grpc", ["grpc", "rest"], "How to ask it."
)
_SERVING_TLS = flags.DEFINE_bool("serving_tls", False, "Encrypt the way to it.")
_STEPS = shared_flag(
  "steps", "Inversion steps in this process; default: 0 with an encoder, else 50."
)
_BATCH_SIZE = shared_flag(
  "batch_size", "Waiting requests that go through the networks together.", default=8
)
_PRECISION = shared_flag("precision")
_PUBLIC_CODES = shared_flag("public_codes")
_WORKERS = flags.DEFINE_integer(
  "workers", 2, "Threads that decode, draw noise and wait for the model.", lower_bound=1
)
_MECHANISMS = flags.DEFINE_list(
  "mechanisms", None, "On offer; default: the usual ones of the scopes, the best ones first."
)
_SCOPES = flags.DEFINE_list(
  "scopes", ["attribute", "image"], "On offer: attribute, image; the first is the default."
)
_CODEBOOK_SIZES = flags.DEFINE_list(
  "codebook_sizes",
  [str(1 << 17)],
  "Numbers of made-up faces that subset_selection may choose among, the first is the default.",
)
_RESEMBLANCES = flags.DEFINE_multi_string(
  "resemblances",
  [],
  "Weights by which subset_selection may compare faces, such as age:3,gender:3,rest:1; may be "
  "given several times. All directions alike is on offer as well.",
)
_ALIGN = flags.DEFINE_list(
  "align",
  ["auto", "ffhq", "celeba", "none"],
  "Ways to cut out the face on offer, the first is the default; see docs/photos.md.",
)
_ON_FAILURE = shared_flag(
  "on_failure",
  "Scope image: refuse pictures without a usable face, or release a public face in their place.",
  default="skip",
)
_MAX_EPSILON = shared_flag("max_epsilon")
_MAX_UPLOAD_BYTES = shared_flag("max_upload_bytes")
_MAX_PIXELS = shared_flag("max_pixels")
_BODY_TIMEOUT = flags.DEFINE_float("body_timeout", 30.0, "Seconds for a body to arrive.")
_REQUEST_TIMEOUT = flags.DEFINE_float("request_timeout", 120.0, "Seconds for an answer.")
_MAX_CONCURRENT = flags.DEFINE_integer("max_concurrent", 16, "Requests under way at a time.")
_MAX_PER_CALLER = flags.DEFINE_integer("max_per_caller", 8, "Of them, one caller's.")
_ADD_CALLER = flags.DEFINE_string(
  "add_caller", None, "Adds a caller of this name to --tokens, prints its token, and ends."
)
_BUDGET_EPSILON = shared_flag("budget_epsilon", "add_caller: the budget.")
_BUDGET_DELTA = shared_flag("budget_delta", "add_caller: delta of the budget.")
_COMPOSITION = shared_flag("composition", "add_caller: how releases add up; see docs/privacy.md.")
_EACH_SUBJECT = flags.DEFINE_bool(
  "each_subject", False, "add_caller: the budget is that of each subject that the caller names."
)
_MAY_READ_METRICS = flags.DEFINE_bool(
  "may_read_metrics", False, "add_caller: whether the token opens /metrics."
)

# A request's search fills the machine: one at a time, and as many wait as end in time.
_SEARCHING = {"batch_size": 1, "request_timeout": 600.0, "max_concurrent": 4}

flags.mark_flag_as_required("tokens")

flags.DEFINE_alias("attributes", "attribute")
command_help.first(
  *("tokens", "add_caller", "budget_epsilon", "ledger", "checkpoint", "attribute", "preset"),
  *("host", "port"),
)


def main(_: list[str]) -> None:
  """Serves until it is stopped; or adds a caller.

  Raises:
    ConfigurationError: a flag is missing, or lacks the one that it goes with.
  """
  if _ADD_CALLER.value is not None:
    _add_caller()
    return
  if _LEDGER.value is None:
    raise ConfigurationError("--ledger is missing: name the ledger's file or database")
  if (_TLS_CERTIFICATE.value is None) != (_TLS_KEY.value is None):
    raise ConfigurationError("--tls_certificate and --tls_key go together")
  packages = "fastapi", "uvicorn", "python_multipart", "prometheus_client"
  require_packages("The gateway", "serving", *packages)
  names, files = _attributes()

  from privai_tf.serving.gateway.settings import GatewaySettings

  settings = GatewaySettings(
    attributes=names,
    mechanisms=None if (offered := _or_preset(_MECHANISMS)) is None else tuple(offered),
    scopes=tuple(_or_preset(_SCOPES)),
    codebook_sizes=_sizes(),
    resemblances=tuple(_RESEMBLANCES.value),
    align=tuple(_ALIGN.value),
    on_failure=_ON_FAILURE.value,
    preset=_PRESET.value,
    max_epsilon=_MAX_EPSILON.value,
    max_upload_bytes=_MAX_UPLOAD_BYTES.value,
    max_pixels=_MAX_PIXELS.value,
    body_timeout=_BODY_TIMEOUT.value,
    request_timeout=_or_preset(_REQUEST_TIMEOUT),
    max_concurrent=_or_preset(_MAX_CONCURRENT),
    max_per_caller=_MAX_PER_CALLER.value,
  )
  start_tensorflow()

  from privai_tf.serving.gateway.app import create_app
  from privai_tf.serving.gateway.assembly import Model, build_service
  from privai_tf.serving.gateway.server import serve

  model = Model(
    checkpoint=_CHECKPOINT.value,
    boundaries=files,
    latent_space=_or_preset(_LATENT_SPACE),
    backend=_BACKEND.value,
    steps=_STEPS.value,
    batch_size=_or_preset(_BATCH_SIZE),
    precision=_PRECISION.value,
    public_codes=_or_preset(_PUBLIC_CODES),
    preset=_PRESET.value,
    address=_SERVING_ADDRESS.value,
    name=_SERVING_MODEL.value,
    protocol=_SERVING_PROTOCOL.value,
    tls=_SERVING_TLS.value,
  )
  service = build_service(
    model, settings, _LEDGER.value, _TOKENS.value, _WORKERS.value, _CREATE_LEDGER.value
  )
  serve(
    create_app(service),
    settings,
    _HOST.value,
    _PORT.value,
    _TLS_CERTIFICATE.value,
    _TLS_KEY.value,
  )


def _or_preset(flag: flags.FlagHolder[Any]) -> Any:
  """A flag's value; where it was not given, what the preset sets."""
  if _PRESET.value is None or flag.present:
    return flag.value
  from privai_tf.jobs.presets import PRESETS

  preset = PRESETS[_PRESET.value]
  advised = {
    "latent_space": preset.latent_space,
    "public_codes": preset.public_codes,
    "scopes": [preset.scope],
    "mechanisms": [preset.mechanism],
    **_SEARCHING,
  }
  return advised[flag.name]


def _sizes() -> tuple[int, ...]:
  try:
    return tuple(int(text) for text in _CODEBOOK_SIZES.value)
  except ValueError:
    raise ConfigurationError(
      f"--codebook_sizes={','.join(_CODEBOOK_SIZES.value)}: give whole numbers such as {1 << 17}"
    ) from None


def _attributes() -> tuple[tuple[str, ...], dict[str, str]]:
  """Names, and the files of those given as NAME=FILE.npy."""
  pairs = [text.partition("=") for text in _ATTRIBUTES.value]
  return tuple(name for name, _, _ in pairs), {name: file for name, _, file in pairs if file}


def _add_caller() -> None:
  from privai_tf.serving.gateway.tokens import add_caller

  if _BUDGET_EPSILON.value is None:
    raise ConfigurationError("--add_caller needs --budget_epsilon, for example 10")
  token = add_caller(
    _TOKENS.value,
    _ADD_CALLER.value,
    epsilon=_BUDGET_EPSILON.value,
    delta=_BUDGET_DELTA.value,
    composition=_COMPOSITION.value,
    each_subject=_EACH_SUBJECT.value,
    metrics=_MAY_READ_METRICS.value,
  )
  print(token)


if __name__ == "__main__":
  command.run(main)

"""The files beside an exported model that start TensorFlow Serving with it."""

from pathlib import Path

from privai_tf.runtime.files import write_text

LARGEST_REQUEST = 64
_BATCHING = """\
# Requests that wait are merged into batches of at most this many images ...
max_execution_batch_size {{ value: {most} }}
# ... and larger requests are split, up to this many images.
enable_large_batch_splitting {{ value: true }}
max_batch_size {{ value: {request} }}
# How long the first one waits for others.
batch_timeout_micros {{ value: 5000 }}
# Beyond this many waiting batches, requests are refused at once (UNAVAILABLE).
max_enqueued_batches {{ value: 64 }}
# One batch keeps all cores busy; the second is decoded meanwhile.
num_batch_threads {{ value: 2 }}
# Batches are padded to one of these, so that kernels are chosen for few shapes.
{sizes}
"""
_MODELS = """\
model_config_list {{
  config {{
    name: "{model}"
    base_path: "/models/{model}"
    model_platform: "tensorflow"
    # The newest version only; to roll back, remove its folder or name versions with `specific`.
    model_version_policy {{ latest {{ num_versions: 1 }} }}
  }}
}}
"""
_MONITORING = """\
prometheus_config {
  enable: true
  path: "/monitoring/prometheus/metrics"
}
"""
_COMPOSE = """\
# docker compose up   (in this folder)
#
# Both ports answer on this machine only: requests hold photos, and the server asks nobody who they
# are. Let others in through the gateway (docs/gateway.md).
services:
  serving:
    # Exported with TensorFlow {tensorflow}; an older server may not know all its kernels.
    image: tensorflow/serving:${{TF_SERVING_TAG:-latest}}
    command:
      - --model_config_file=/models/{model}/models.config
      - --enable_batching=true
      - --batching_parameters_file=/models/{model}/batching_parameters.txt
      - --monitoring_config_file=/models/{model}/monitoring.config
      - --rest_api_timeout_in_ms=60000
    volumes:
      - .:/models/{model}:ro
    ports:
      - 127.0.0.1:8500:8500  # gRPC
      - 127.0.0.1:8501:8501  # REST
    read_only: true
    tmpfs:
      - /tmp
    cap_drop:
      - ALL
    restart: unless-stopped
"""


def batch_sizes(most: int) -> list[int]:
  """The sizes that batches are padded to: powers of two, and the largest.

  Args:
    most: images in a batch, at least 1.
  """
  powers = [1 << exponent for exponent in range(most.bit_length())]
  return sorted({size for size in powers if size < most} | {most})


def write_configuration(folder: Path, model: str, most: int, tensorflow: str) -> list[Path]:
  """Writes the files that are not there yet; those that are belong to whoever edited them.

  Args:
    folder: that of all versions.
    model: its name on the server.
    most: images in a batch.
    tensorflow: the version that exported.

  Returns:
    The files written.
  """
  sizes = "\n".join(f"allowed_batch_sizes: {size}" for size in batch_sizes(most))
  contents = {
    "batching_parameters.txt": _BATCHING.format(
      most=most, request=max(most, LARGEST_REQUEST), sizes=sizes
    ),
    "models.config": _MODELS.format(model=model),
    "monitoring.config": _MONITORING,
    "docker-compose.yml": _COMPOSE.format(model=model, tensorflow=tensorflow),
  }
  written = []
  for name, text in contents.items():
    if not (folder / name).exists():
      write_text(folder / name, text)
      written.append(folder / name)
  return written

"""The OpenAPI document says what the gateway does: schemathesis asks for all that it allows, and not.

Found failures are shrunk and shown as a curl command. `image/*` bodies are pictures, whole and damaged,
so that the requests get as far as the decoder.
"""

import collections
import io
import itertools

import hypothesis
import numpy as np
import pytest
import schemathesis
from hypothesis import strategies
from PIL import Image
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

_EXAMPLES = 60
_DAMAGED = strategies.tuples(
  strategies.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]),
  strategies.integers(12, 64),
  strategies.integers(12, 64),
  strategies.sampled_from(["RGB", "L", "RGBA", "P", "1"]),
  strategies.floats(0, 1),
  strategies.just(b"") | strategies.binary(max_size=8),
)


def _picture(choice) -> bytes:
  """A picture with some bytes written over a place in it."""
  kind, width, height, mode, place, patch = choice
  if (kind, mode) in [("JPEG", "RGBA"), ("JPEG", "P")]:
    mode = "RGB"
  buffer = io.BytesIO()
  Image.new(mode, (width, height)).save(buffer, format=kind)
  data = bytearray(buffer.getvalue())
  start = int(place * (len(data) - 1))
  data[start : start + len(patch)] = patch
  return bytes(data)


for _kind in ("image/png", "image/jpeg", "image/webp"):
  schemathesis.openapi.media_type(_kind, _DAMAGED.map(_picture))


@pytest.fixture
def document(gateway, headers_of):
  """The document of a gateway whose budget does not end; releases of many, who share no account."""
  budget = {"epsilon": 1_000_000, "delta": 0.5, "each_subject": True}
  token = gateway.caller("ada", metrics=True, **budget)
  app = gateway.app(scopes=("attribute", "image"), align=("none",), body_timeout=5)
  loaded = schemathesis.openapi.from_asgi("/openapi.json", app)
  loaded.config.update(headers={"Authorization": f"Bearer {token}"})
  return loaded


CHECKS = [
  checks.not_a_server_error,
  openapi_checks.status_code_conformance,
  openapi_checks.content_type_conformance,
  openapi_checks.response_headers_conformance,
  openapi_checks.response_schema_conformance,
  openapi_checks.negative_data_rejection,
  openapi_checks.missing_required_header,
  openapi_checks.unsupported_method,
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Using `httpx`")  # schemathesis's own client
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_what_the_document_allows_and_forbids_is_answered_as_it_says(document, mode):
  statuses = collections.defaultdict(set)
  numbers, positive = itertools.count(), mode is schemathesis.GenerationMode.POSITIVE
  for result in document.get_all_operations():
    operation = result.ok()

    @hypothesis.settings(
      max_examples=_EXAMPLES,
      deadline=None,
      derandomize=True,
      database=None,
      suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
      # Every other request names a subject of its own: chance rarely thinks of one.
      number = next(numbers)
      named = (
        {"headers": {"Privai-Subject": f"subject-{number}"}} if positive and number % 2 else {}
      )
      if named and case.path.endswith("latents"):  # Chance thinks of round numbers: refused.
        case.body = {"latent": np.random.default_rng(number).normal(size=16).tolist()}
      response = case.call_and_validate(checks=CHECKS, **named)
      statuses[case.path].add(response.status_code)

    try:
      ask()
    except hypothesis.errors.Unsatisfiable:
      assert mode is schemathesis.GenerationMode.NEGATIVE  # A route without parameters.
  # The requests were worth something: some got through, others were refused.
  if mode is schemathesis.GenerationMode.POSITIVE:
    assert statuses["/v1/privatize"] >= {200, 422}
    assert statuses["/v1/privatize_latents"] >= {200}
  else:
    assert statuses["/v1/privatize"] >= {422}
    assert statuses["/v1/privatize_latents"] >= {422}

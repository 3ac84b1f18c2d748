"""An inversion's settings for the record of a run."""

import dataclasses
import pathlib
from typing import Any

from privai_tf.inversion.initialization import encoder_for
from privai_tf.inversion.spec import LATER_FIELDS, InversionSpec


def recorded(spec: InversionSpec, generator: Any) -> dict[str, Any]:
  """The fields as JSON values; a given encoder by name and hash, for its path is the owner's own.

  Args:
    spec: the settings, the latent space decided.
    generator: a `privai_tf.Generator`.

  Raises:
    ConfigurationError, CheckpointError: if the encoder cannot be used.
  """
  values = dataclasses.asdict(spec)
  del values["encoder"]  # Where none is given, records are as they were before there was the field.
  for name, without in LATER_FIELDS.items():
    if values[name] in (None, without):
      del values[name]  # Likewise.
  if spec.encoder is not None:
    encoder = encoder_for(spec, generator)  # None: of another space, for a job on given codes.
    name = pathlib.Path(spec.encoder).name
    values["encoder"] = {"name": name, "sha256": encoder and encoder.digest}
  return values

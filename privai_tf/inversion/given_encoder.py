"""An encoder that a user names: a folder, or an e4e or pSp checkpoint, for a generator of the same W."""

import dataclasses
import os
import weakref
from pathlib import Path
from typing import Any

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.inversion.encoder import FOLDER, Encoder, load_encoder
from privai_tf.inversion.encoder_storage import is_encoder, read_encoder
from privai_tf.inversion.ir_se.config import IRSEConfig
from privai_tf.runtime.files import shown
from privai_tf.runtime.foreign_files import foreign_reader

_FAMILIES = {"stylegan2": "StyleGAN2", "mobilestylegan": "MobileStyleGAN"}
_known = weakref.WeakKeyDictionary()  # Per generator, by path, as long as it lives.


def given_encoder(path: str | os.PathLike, generator: Any) -> Encoder:
  """Loads an encoder for a generator, once.

  Encoders of e4e and pSp serve every generator that shares its w with the StyleGAN2 that they were
  trained with; that it does nobody can tell from the files, so that only its form is checked.

  Args:
    path: an e4e or pSp checkpoint (`.pt`), the folder of a converted one, or of an encoder trained
      for this very generator; a checkpoint's folder stands for the encoder beside it.
    generator: a `privai_tf.Generator`.

  Returns:
    The encoder, for pictures of the generator's size.

  Raises:
    ConfigurationError: if it is not for generators of this family, width or number of rows.
    CheckpointError: if there is none, it is damaged, or it was trained for another generator.
    InputError: if the file cannot be opened.
  """
  place = Path(path)
  known = _known.setdefault(generator, {})
  if place not in known:
    known[place] = _load(place, generator)
  return known[place]


def _load(place: Path, generator: Any) -> Encoder:
  if not place.exists():
    raise ConfigurationError(
      f"There is no encoder at {shown(place)}; correct --encoder, or leave it out."
    )
  if not place.is_dir():
    stored = foreign_reader("foreign_encoder")(place)
  else:
    if not is_encoder(place) and is_encoder(place / FOLDER):
      place = place / FOLDER
    stored = read_encoder(place)
    if not isinstance(stored.config, IRSEConfig):
      return load_encoder(place, generator)
  _require_same_form(stored.config, generator, place)
  config = dataclasses.replace(stored.config, resolution=generator.resolution)
  try:
    return Encoder.from_stored(dataclasses.replace(stored, config=config))
  except CheckpointError as error:
    raise CheckpointError(f"{shown(place)}: {error}; convert its file again.") from None


def _require_same_form(config: IRSEConfig, generator: Any, place: Path) -> None:
  reason = None
  if generator.family not in _FAMILIES:
    reason = (
      f"serves {' and '.join(_FAMILIES.values())}, but the checkpoint is a {generator.family}"
    )
  elif generator.num_channels != config.num_channels:
    reason = f"reads colours, but the checkpoint draws {generator.num_channels} channels"
  elif generator.code_shape("W")[0] != config.width:
    reason = (
      f"gives w of {config.width} numbers, but the checkpoint's has {generator.code_shape('W')[0]}"
    )
  elif generator.num_layers > config.heads:
    reason = f"gives {config.heads} rows of W+, but the checkpoint has {generator.num_layers}"
  if reason:
    raise ConfigurationError(
      f"The encoder {shown(place)} {reason}; give another checkpoint, or leave --encoder out."
    )

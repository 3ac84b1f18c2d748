"""What a file is, which command reads it, and what a conversion would leave out.

  python -m privai_tf.converters --identify FILE

Nothing in the file is executed, and nothing is written. What would be lost is not looked up in a table:
the file's networks are converted in memory, and the report of that is read out.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from privai_tf.converters import identify
from privai_tf.converters.convert import ConvertedNetwork, convert_network
from privai_tf.converters.encoder_files import is_encoder_content, read_encoder_file
from privai_tf.converters.facts import Facts, described
from privai_tf.converters.identified_data import folder_facts, numbers_facts
from privai_tf.converters.mobilestylegan_published import PUBLISHED, is_ir_folder
from privai_tf.converters.parity import listed
from privai_tf.converters.pytorch import read_torch_file
from privai_tf.converters.reading import read_any_file
from privai_tf.converters.records import NetworkFile, NetworkRecord
from privai_tf.errors import CheckpointError
from privai_tf.runtime.files import shown
from privai_tf.runtime.outside import open_at_once

_NUMPY = b"\x93NUMPY"


def identified(path: str | os.PathLike) -> Facts:
  """Says what a file or a folder is.

  Args:
    path: a network file of any kind that `python -m privai_tf.converters` reads, an e4e or pSp checkpoint,
      a folder of MobileStyleGAN's OpenVINO files, a folder of ours (checkpoint, encoder, classifier),
      or an `.npy` file (boundary, latent codes).

  Raises:
    PrivaiError: it is none of these, which the message names where it can.
  """
  path = Path(path)
  for is_it, facts in _KINDS:
    if is_it(path):
      return facts(path)
  return _networks(path)


def _starts_as_numbers(path: Path) -> bool:
  try:
    with open(path, "rb", opener=open_at_once) as file:
      return file.read(len(_NUMPY)) == _NUMPY
  except OSError:
    return False  # whoever reads it then says why it cannot


def _is_encoder(path: Path) -> bool:
  is_torch = identify.kind_of(path) == identify.TORCH
  return is_torch and is_encoder_content(read_torch_file(path).content)


def _encoder(path: Path) -> Facts:
  file = read_encoder_file(path)
  width = file.latent_avg.shape[-1] if file.latent_avg is not None else "?"
  decoder = f"{len(file.decoder)} tensors" if file.decoder else "none in the file"
  rest = sorted(map(str, set(file.file.content) - {"state_dict", "opts", "latent_avg"}))
  others = [
    name
    for name in file.file.content["state_dict"]
    if not str(name).startswith(("encoder.", "decoder."))
  ]
  return Facts(
    f"{shown(path)}: {file.kind} encoder for PyTorch, {file.file.size:,} bytes",
    [
      f"encoder: {len(file.encoder)} tensors, {file.styles} heads, {file.resolution} x {file.resolution}, "
      f"codes in W+ [{file.styles}, {width}]",
      f"decoder: StyleGAN2, {decoder}",
    ],
    [
      f"python -m privai_tf.invert --encoder={path}",
      f"python -m privai_tf.converters {path} DIR (the decoder as a checkpoint, the encoder in it)",
    ],
    [f"{name} (of training)" for name in rest]
    + ([f"tensors {listed(others, 3)}"] if others else [])
    + ["opts beyond the encoder's type and sizes"],
  )


def _openvino(path: Path) -> Facts:
  from privai_tf.converters.mobilestylegan_files import read_folder  # late: it needs TensorFlow

  config, _, digests = read_folder(path)
  verified = digests == PUBLISHED
  kind = "as random-face 2021.7.21.1 published them" if verified else "not the published ones"
  return Facts(
    f"{shown(path)}: MobileStyleGAN's four OpenVINO files, {kind}",
    [described(config)],
    [f"python -m privai_tf.converters {path} DIR (then --checkpoint=DIR)"],
    ["how OpenVINO computes them; the mean of w, which no file holds, is computed"],
  )


def _networks(path: Path) -> Facts:
  file = read_any_file(path)
  facts = Facts(f"{shown(path)}: {_container(path, file)}, {file.size:,} bytes")
  problems, generators, scores = [], [], []
  for place, record in file.by_place().items():
    try:
      converted = convert_network(record)
    except CheckpointError as error:
      problems.append(error)
      facts.holds.append(f"{place}: cannot be converted: {error}")
      continue
    config = converted.config
    facts.holds.append(f"{place}: {described(config)}")
    facts.lost += [f"{place}: {line}" for line in _left_out(record, converted)]
    (generators if config.role == "generator" else scores).append(place)
  facts.holds += [f"{place}: cannot be converted: {why}" for place, why in file.refused.items()]
  if not generators and not scores:
    raise problems[0] if problems else CheckpointError(f"{shown(path)} holds no network.")
  lone = len(file.networks) == 1 and not file.places
  if generators:
    facts.reads.append(f"python -m privai_tf.converters {path} DIR (then --checkpoint=DIR)")
    facts.reads.append(f"privai_tf.load_generator({str(path)!r})")
  if scores:
    option = "" if lone else " --network=D"
    facts.reads.append(f"python -m privai_tf.converters {path} DIR{option}")
  if lone and scores and not generators:
    facts.reads.append(
      f"python -m privai_tf.score --scorer={path} (NVIDIA's attribute classifiers)"
    )
  rest = sorted({*generators, *scores} - {"Gs" if "Gs" in generators else "G"})
  if generators and rest:
    facts.lost.insert(0, f"{', '.join(rest)}, unless --network=all is given")
  if identify.kind_of(path) == identify.PERSISTENT:
    facts.lost.append("training_set_kwargs, augment_pipe, where there are any; float16 layers")
  return facts


def _container(path: Path, file: NetworkFile) -> str:
  kind = identify.kind_of(path)
  if kind == identify.PERSISTENT:
    return "networks of StyleGAN2-ADA's or StyleGAN3's PyTorch code (.pkl)"
  if kind == identify.TORCH:
    return f"PyTorch file of {file.networks[0].class_name} (.pth)"
  return f"networks of TensorFlow code, {file.networks[0].class_name} (.pkl)"


def _left_out(record: NetworkRecord, converted: ConvertedNetwork) -> Iterator[str]:
  """What of a network is not in its checkpoint."""
  report = converted.report
  if record.dropped:
    yield f"{len(record.dropped)} tensors that our code computes by itself: {listed(record.dropped, 2)}"
  arguments: dict[str, Any] = report.arguments_without_effect
  if arguments:
    yield f"arguments without effect: {listed(arguments, 6)}"
  if report.arguments_unknown:
    yield f"unknown arguments: {listed(report.arguments_unknown, 6)}"
  length = record.module_source_length
  length += sum(part.module_source_length for part in record.components.values())
  if length:
    yield f"{length:,} bytes of source text, never executed"


# Which kinds there are beside network files: the first that fits counts.
_KINDS: list[tuple[Callable[[Path], bool], Callable[[Path], Facts]]] = [
  (is_ir_folder, _openvino),
  (Path.is_dir, folder_facts),
  (_starts_as_numbers, numbers_facts),
  (_is_encoder, _encoder),
]

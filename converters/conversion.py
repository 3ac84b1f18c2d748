"""An official file to folders of ours: read, convert, write, check, and only then put in place."""

import math
import os
from pathlib import Path
from typing import Any

from privai_tf import __version__
from privai_tf.converters.convert import ConvertedNetwork, convert_network
from privai_tf.converters.encoder_conversion import FOLDER, write_encoder
from privai_tf.converters.parity import ParityReport, check_parity
from privai_tf.converters.reading import read_any_file
from privai_tf.converters.records import NetworkFile, NetworkRecord
from privai_tf.errors import OutputError
from privai_tf.generators.checkpoint import save_checkpoint
from privai_tf.runtime.files import make_folder, output_error, shown
from privai_tf.runtime.folders import temporary_folder

ALL = "all"
LICENCE = (
  "Weights published by NVIDIA are licensed under Creative Commons BY-NC 4.0 "
  "(https://creativecommons.org/licenses/by-nc/4.0/): give credit to NVIDIA, no commercial use. "
  "For weights trained by others ask whoever made them."
)


def convert_file(
  path: str | os.PathLike, output_dir: str | os.PathLike, network: str = "Gs"
) -> tuple[NetworkFile, list[ParityReport]]:
  """Converts networks of an official file; the output folder appears complete or not at all.

  Args:
    path: the `.pkl`, `.pth` or `.pt` file. Of an e4e or pSp checkpoint the encoder goes into the
      folder "encoder" beside its decoder.
    output_dir: created; it must not exist, or be empty.
    network: "Gs", "G" or "D", which goes into `output_dir` itself, or "all": a folder in it for
      each. A file with one network only is converted whatever its name.

  Returns:
    The file, and a report for each network converted.

  Raises:
    PrivaiError: the file was refused or does not fit, or the folder cannot be written.
  """
  target = Path(output_dir)
  require_free(target)  # before minutes of work, not after
  file = read_any_file(path)
  if network == ALL and (len(file.networks) > 1 or file.places):
    records = file.by_place()
  else:
    records = {"": file.network(network)}
  try:
    with temporary_folder(make_folder(target.absolute().parent)) as folder:
      reports = [
        _convert(file, Path(path).name, record, folder / place) for place, record in records.items()
      ]
      if file.encoder is not None:
        write_encoder(file.encoder, Path(path).name, reports[0].converted.weights, folder / FOLDER)
      os.replace(folder, target)
  except OSError as error:
    # The name of the temporary folder would mean nothing to the reader.
    raise output_error(target, _system_error(error)) from error
  return file, reports


def _convert(file: NetworkFile, source: str, record: NetworkRecord, folder: Path) -> ParityReport:
  converted = convert_network(record)
  save_checkpoint(
    folder, converted.config, converted.weights, _provenance(file, source, record, converted)
  )
  return check_parity(record, converted, folder)


def _provenance(
  file: NetworkFile, source: str, record: NetworkRecord, converted: ConvertedNetwork
) -> dict[str, Any]:
  return {
    "source": source,
    "source_sha256": file.sha256,
    "source_size": file.size,
    "network": record.name,
    "build_function": record.build_func_name,
    "state_version": record.version,
    "module_source_sha256": record.module_source_sha256,
    "arguments_without_effect": _json(converted.report.arguments_without_effect),
    "arguments_unknown": _json(converted.report.arguments_unknown),
    "licence": LICENCE,
    "converted_by": f"privai_tf {__version__}",
  }


def _json(value: Any) -> Any:
  """A keyword argument as JSON; NaN and infinity, which JSON lacks, as text."""
  if isinstance(value, dict):
    return {key: _json(v) for key, v in value.items()}
  if isinstance(value, list | tuple):
    return [_json(v) for v in value]
  if isinstance(value, float) and not math.isfinite(value):
    return str(value)
  return value


def require_free(target: Path) -> None:
  """Refuses a folder to write to that is not empty.

  Raises:
    OutputError: if it is not, or cannot be looked into.
  """
  try:
    occupied = target.exists() and (not target.is_dir() or any(target.iterdir()))
  except OSError as error:
    raise output_error(target, error) from error
  if occupied:
    raise OutputError(
      f"{shown(target)} exists and is not an empty folder; remove it, or name another folder."
    )


def _system_error(error: OSError) -> OSError:
  while isinstance(error, OutputError) and isinstance(error.__cause__, OSError):
    error = error.__cause__
  return error

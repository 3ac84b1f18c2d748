"""The check at the end of a conversion: what was read, converted, skipped, and is on the disk now."""

import dataclasses
import json
import os
from collections.abc import Iterable

import numpy as np

from privai_tf.converters.convert import ConversionReport, ConvertedNetwork
from privai_tf.converters.records import NetworkRecord
from privai_tf.errors import CheckpointError
from privai_tf.generators.checkpoint import read_checkpoint
from privai_tf.runtime.files import shown

# Odd, with bits that look random: 2 ** 64 over the golden ratio, and the one of degski's mixer.
_MULTIPLIERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93))
_HALF = np.uint64(32)


@dataclasses.dataclass(frozen=True)
class ParityReport:
  """One network of a file beside the checkpoint that it became.

  Attributes:
    record: what was read.
    converted: what it was converted to.
    values: numbers in the weights, the same on both sides.
  """

  record: NetworkRecord
  converted: ConvertedNetwork
  values: int

  def lines(self) -> list[str]:
    """The report for people, a line for each fact."""
    config, report = self.converted.config, self.converted.report
    functions = [self.record.build_func_name]
    functions += [part.build_func_name for part in self.record.components.values()]
    channels = f"{config.num_channels} channel" + "s" * (config.num_channels != 1)
    lines = [
      f"{report.name}: {config.family} {config.role}, {config.resolution} x {config.resolution}, "
      f"{channels}, label size {config.label_size}, lod {config.lod:g}",
      f"  read       {report.read} variables of {', '.join(functions)}",
      f"  converted  {report.converted} weights, {self.values:,} numbers",
    ]
    levels = [name for name in report.skipped if name.endswith("/lod")]
    if levels:
      lines.append(f"  skipped    {listed(levels)} (kept as lod in config.json)")
    if self.record.dropped:
      lines.append(f"  skipped    {listed(self.record.dropped, 3)} (part of our code)")
    if report.shifted:
      lines.append(
        f"  shifted    {len(report.shifted)} biases of styles, which now hold the 1 added to them"
      )
    if report.filled:
      lines.append(
        f"  filled     {len(report.filled)} weights that the file lacks and nothing uses"
      )
    if report.arguments_without_effect:
      lines.append(f"  no effect  {_arguments(report.arguments_without_effect)}")
    if report.arguments_unknown:
      lines.append(f"  unknown    {_arguments(report.arguments_unknown)} (kept in config.json)")
    sources = [self.record, *self.record.components.values()]
    length = sum(source.module_source_length for source in sources)
    if length:
      lines.append(f"  ignored    {length:,} bytes of source text, never executed")
    lines.append("  reloaded   equal to what was read, number by number")
    return lines


def check_parity(
  record: NetworkRecord, converted: ConvertedNetwork, folder: str | os.PathLike
) -> ParityReport:
  """Reads a written checkpoint back and compares it with the official network.

  Two comparisons: every array with the converted one, bit by bit; and all numbers together with
  those of the official variables, by a hash that does not depend on their order, so that a weight
  which a conversion table lost, doubled or changed is noticed whatever its name and layout.

  Args:
    record: the official network.
    converted: what it was converted to.
    folder: the checkpoint.

  Raises:
    CheckpointError: if anything differs.
  """
  checkpoint = read_checkpoint(folder)
  written = checkpoint.weights
  different = sorted(set(written) ^ set(converted.weights))
  different += [
    name
    for name, value in converted.weights.items()
    if name in written and not _same_bits(value, written[name])
  ]
  if checkpoint.config != converted.config:
    different.append("the configuration")
  if different:
    raise CheckpointError(
      f"{shown(folder)} does not hold what was converted ({listed(different)} differ); the disk may "
      "be faulty: convert again to another place."
    )
  read = _content(_weights(record, record.name, converted.report))
  filled = set(converted.report.filled)
  kept = _content(value for name, value in written.items() if name not in filled)
  if read != kept:
    raise CheckpointError(
      f"The conversion of {record.name} is wrong: {read[0]} numbers were read and {kept[0]} written, "
      "or some were changed; please report it with the file's SHA-256."
    )
  return ParityReport(record, converted, kept[0])


def _weights(record: NetworkRecord, path: str, report: ConversionReport) -> Iterable[np.ndarray]:
  for name, value in record.variables.items():
    full = f"{path}/{name}"
    if full not in report.skipped:
      yield np.float32(1) + np.float32(value) if full in report.shifted else value
  for component in record.components.values():
    yield from _weights(component, f"{path}/{component.name}", report)


def _bits(value: np.ndarray) -> np.ndarray:
  return np.asarray(value, np.float32, order="C").ravel().view(np.uint32)


def _same_bits(first: np.ndarray, second: np.ndarray) -> bool:
  return first.shape == second.shape and np.array_equal(_bits(first), _bits(second))


def _content(arrays: Iterable[np.ndarray]) -> tuple[int, int]:
  """How many numbers, and the sum of their hashes."""
  count, total = 0, 0
  for value in arrays:
    hashes = _bits(value).astype(np.uint64)
    for multiplier in _MULTIPLIERS:
      hashes *= multiplier  # modulo 2 ** 64
      hashes ^= hashes >> _HALF
    count += hashes.size
    total = (total + int(hashes.sum(dtype=np.uint64))) % (1 << 64)
  return count, total


def listed(names: Iterable[str], limit: int = 8) -> str:
  """Names for a message, the first few of them.

  Args:
    names: any number.
    limit: how many are named at most; the rest is counted.
  """
  names = list(names)
  more = f" and {len(names) - limit} more" if len(names) > limit else ""
  return (", ".join(names[:limit]) or "nothing") + more


def _arguments(arguments: dict) -> str:
  return listed(f"{key}={json.dumps(value, default=str)[:60]}" for key, value in arguments.items())

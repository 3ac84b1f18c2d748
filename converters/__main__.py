"""`python -m converters PICKLE OUTPUT_DIR`: converts an official network file once and for all.

Exit codes: 0 converted, 1 the file was refused or the folder cannot be written, 2 bad arguments.
"""

import sys

from absl import app, flags

_NETWORK = flags.DEFINE_enum(
  "network",
  "Gs",
  ["Gs", "G", "D", "all"],
  "Which network to convert: Gs (the averaged generator, which makes the better images), G, D (the "
  "discriminator), or all three, each into a folder of its own.",
)
_USAGE = (
  "Converts NVIDIA's official ProgressiveGAN and StyleGAN network files (.pkl) without executing "
  "anything in them.\n\nUsage: python -m converters PICKLE OUTPUT_DIR [--network=Gs|G|D|all]"
)


def _parse(argv: list[str]) -> list[str]:
  try:
    return flags.FLAGS(argv)
  except flags.Error as error:
    print(f"{error}\nRun `python -m converters --help` for the arguments.", file=sys.stderr)
    sys.exit(2)
  except SystemExit:  # absl's --help, which would give 1
    sys.exit(0)


def main(argv: list[str]) -> int:
  """Converts and prints the parity report."""
  if len(argv) != 3:
    print(f"Two arguments are needed, not {len(argv) - 1}.\n{_USAGE}", file=sys.stderr)
    return 2
  from converters.conversion import LICENCE, convert_file  # late: --help needs no NumPy
  from privai_tf.errors import ConfigurationError, PrivaiError

  try:
    file, reports = convert_file(argv[1], argv[2], _NETWORK.value)
  except PrivaiError as error:
    print(error, file=sys.stderr)
    return 2 if isinstance(error, ConfigurationError) else 1
  names = ", ".join(f"{record.name} ({record.build_func_name})" for record in file.networks)
  print(f"Read {argv[1]}: {file.size:,} bytes, SHA-256 {file.sha256}, networks {names}.")
  for report in reports:
    print("\n".join(report.lines()))
  print(f"Wrote {argv[2]}.\n{LICENCE}")
  return 0


if __name__ == "__main__":
  app.run(main, flags_parser=_parse)

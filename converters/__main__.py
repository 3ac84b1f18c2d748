"""Converts NVIDIA's official ProgressiveGAN and StyleGAN network files (.pkl) once and for all.

  python -m converters PICKLE OUTPUT_DIR [--network=Gs|G|D|all]

Nothing in the files is executed. Exit codes: 0 converted, 1 the file was refused or the folder
cannot be written, 2 bad arguments.
"""

from absl import flags

from privai_tf.runtime import command

_NETWORK = flags.DEFINE_enum(
  "network",
  "Gs",
  ["Gs", "G", "D", "all"],
  "Which network to convert: Gs (the averaged generator, which makes the better images), G, D (the "
  "discriminator), or all three, each into a folder of its own.",
)


def main(arguments: list[str]) -> None:
  """Converts and prints the parity report."""
  from converters.conversion import LICENCE, convert_file  # late: --help needs no NumPy

  pickle, output = arguments
  file, reports = convert_file(pickle, output, _NETWORK.value)
  names = ", ".join(f"{record.name} ({record.build_func_name})" for record in file.networks)
  print(f"Read {pickle}: {file.size:,} bytes, SHA-256 {file.sha256}, networks {names}.")
  for report in reports:
    print("\n".join(report.lines()))
  print(f"Wrote {output}.\n{LICENCE}")


if __name__ == "__main__":
  command.run(main, ("PICKLE", "OUTPUT_DIR"))

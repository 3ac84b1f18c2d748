"""Converts network files once and for all: NVIDIA's, InterFaceGAN's, genforce's, e4e's and pSp's.

  python -m privai_tf.converters PICKLE OUTPUT_DIR [--network=Gs|G|D|all]
  python -m privai_tf.converters FOLDER OUTPUT_DIR      (MobileStyleGAN's four OpenVINO files)
  python -m privai_tf.converters --list[=generator|classifier|boundary]
  python -m privai_tf.converters --download=NAME [--output_dir=DIR]
  python -m privai_tf.converters --identify FILE

The third and fourth list the published files and download one: mobilestylegan-ffhq draws
photorealistic faces, and is converted at once; faceres tells people apart. The last says what a file
is, which command reads it and what would be lost. Nothing in the files is executed.
Exit codes: 0 done, 1 the file was refused or the folder cannot be written, 2 bad arguments.
"""

import sys

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag


class _ChoiceFlag(flags.Flag):
  """A flag of several values that may also stand alone, as --list does."""

  def __init__(self, *arguments, **options):
    super().__init__(*arguments, **options)
    self.boolean = True  # absl then gives the parser "true" where no value stands.


_NETWORK = flags.DEFINE_enum(
  "network",
  "Gs",
  ["Gs", "G", "D", "all"],
  "Which network to convert: Gs (the averaged generator, which makes the better images), G, D (the "
  "discriminator), or all three, each into a folder of its own.",
)
_LIST = flags.DEFINE_flag(
  _ChoiceFlag(
    parser=flags.EnumParser(["true", "all", "generator", "classifier", "boundary", "boundaries"]),
    serializer=flags.ArgumentSerializer(),
    name="list",
    default=None,
    help_string="List the published files: all, or one kind (generator, classifier, boundary).",
  )
)
_DOWNLOAD = flags.DEFINE_string("download", None, "Download the published file of this name.")
_IDENTIFY = flags.DEFINE_bool("identify", False, "Say what a file is; nothing is written.")
_OUTPUT_DIR = shared_flag(
  "output_dir", "Where to; default: checkpoints/, or boundaries/ for a boundary."
)
command_help.first("identify", "network", "list", "download", "output_dir")


def _print_list() -> None:
  from privai_tf.converters.package import MOBILESTYLEGAN
  from privai_tf.converters.recognizer_package import FACERES
  from privai_tf.converters.zoo import read_zoo, table

  kind = {"true": "all", "boundaries": "boundary"}.get(_LIST.value, _LIST.value)
  print("\n".join(table((*read_zoo(), MOBILESTYLEGAN, FACERES), kind)))


def _download() -> None:
  from privai_tf.converters.conversion import LICENCE
  from privai_tf.converters.download import download
  from privai_tf.converters.package import MOBILESTYLEGAN, download_mobilestylegan
  from privai_tf.converters.recognizer_package import FACERES, TERMS, download_faceres
  from privai_tf.converters.zoo import find_file, read_zoo
  from privai_tf.runtime.progress import progress_bar

  file = find_file(_DOWNLOAD.value, (*read_zoo(), MOBILESTYLEGAN, FACERES))
  if file is MOBILESTYLEGAN:
    path = download_mobilestylegan(_OUTPUT_DIR.value or "checkpoints")
    print(f"Use it as --checkpoint={path}.")
    return
  if file is FACERES:
    with progress_bar(file.name, unit="B") as progress:
      path = download_faceres(_OUTPUT_DIR.value, progress=progress)
    print(f"In {path}: searches in MobileStyleGAN compare people by it from now on.\n{TERMS}")
    return
  folder = _OUTPUT_DIR.value or ("boundaries" if file.kind == "boundary" else "checkpoints")
  with progress_bar(file.name, unit="B") as progress:
    path = download(file, folder, progress=progress)
  if file.kind == "generator":
    print(
      f"Use it as --checkpoint={path}, or convert it once: python -m privai_tf.converters {path} DIR"
    )
  elif file.kind == "classifier":
    print(f"Use it as --scorer={path} (python -m privai_tf.score).")
  else:
    print(f"Use it as --attribute={path} --latent_space={file.space}.")
  if file.kind != "boundary":
    print(LICENCE)


def _identify(path: str) -> None:
  from privai_tf.converters.identification import identified

  print("\n".join(identified(path).lines()))


def _convert_ir(folder: str, output: str) -> None:
  from privai_tf.converters.mobilestylegan_files import convert_folder
  from privai_tf.converters.mobilestylegan_published import TERMS

  config, verified = convert_folder(folder, output)
  print(f"Read {folder}: MobileStyleGAN, {config.resolution} x {config.resolution}.")
  if verified:
    print(f"They are the files that random-face 2021.7.21.1 published. Wrote {output}.\n{TERMS}")
  else:
    print(
      f"Wrote {output}. Unverified: these are not the published files; for weights trained by others "
      "ask whoever made them, also for their terms."
    )


def _convert(pickle: str, output: str) -> None:
  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()  # The converted network is run once, for the report.
  from privai_tf.converters.mobilestylegan_published import is_ir_folder

  if is_ir_folder(pickle):
    _convert_ir(pickle, output)
    return
  from privai_tf.converters.conversion import LICENCE, convert_file  # late: --help needs no NumPy
  from privai_tf.converters.download import check_recorded

  check_recorded(pickle)
  file, reports = convert_file(pickle, output, _NETWORK.value)
  names = ", ".join(f"{record.name} ({record.build_func_name})" for record in file.networks)
  print(f"Read {pickle}: {file.size:,} bytes, SHA-256 {file.sha256}, networks {names}.")
  for report in reports:
    print("\n".join(report.lines()))
  if file.encoder is not None:
    print(f"encoder: {file.encoder.kind}, {file.encoder.styles} heads, beside it in encoder/")
  for reason in file.refused.values() if _NETWORK.value == "all" else ():
    print(f"Left out: {reason}")
  print(f"Wrote {output}.\n{LICENCE}")


def main(arguments: list[str]) -> None:
  """Converts and prints the parity report; or lists; or downloads; or identifies.

  Raises:
    ConfigurationError: --list and --download are both given.
  """
  if _LIST.value is not None and _DOWNLOAD.value is not None:
    raise ConfigurationError("--list and --download exclude one another; give one of them.")
  if _LIST.value is not None:
    _print_list()
  elif _DOWNLOAD.value is not None:
    _download()
  elif _IDENTIFY.value:
    _identify(*arguments)
  else:
    _convert(*arguments)


def _wanted_arguments(argv: list[str]) -> tuple[str, ...]:
  """Names of the arguments that are no flags: only the conversion has any."""
  names = {word.lstrip("-").split("=")[0] for word in argv if word.startswith("-")}
  if names & {"list", "download"}:
    return ()
  return ("FILE",) if "identify" in names else ("PICKLE", "OUTPUT_DIR")


if __name__ == "__main__":
  command.run(main, _wanted_arguments(sys.argv[1:]))

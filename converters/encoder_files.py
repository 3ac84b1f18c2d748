"""e4e and pSp checkpoints -> the tensors and settings of their encoder and decoder.

  file = read_encoder_file("e4e_ffhq_encode.pt")
  np.asarray(file.encoder["input_layer.0.weight"])  # read from the file here

The reading half: what the tensors mean is the encoder's converter's business. Nothing in the file is
executed, and PyTorch is not needed.
"""

import dataclasses
import os
import re
from typing import Any

from privai_tf.converters.errors import DamagedFileError, UnsupportedFileError, quoted
from privai_tf.converters.pytorch import LazyTensor, TorchFile, read_torch_file

_KINDS = {"Encoder4Editing": "e4e", "GradualStyleEncoder": "psp"}
_GIVE = "give an e4e or pSp checkpoint (e4e_ffhq_encode.pt, psp_ffhq_encode.pt)"
_STYLE = re.compile(r"styles\.(\d{1,2})\.linear\.weight")
# pSp's options that make another network: name -> the value that ours has.
_ONLY = {"learn_in_w": False, "input_nc": 3, "label_nc": 0}


@dataclasses.dataclass(frozen=True, eq=False)
class EncoderFile:
  """What an e4e or pSp checkpoint holds.

  Attributes:
    kind: "e4e" (the first head gives w, the others offsets to it) or "psp" (each head a row).
    encoder: the encoder's tensors by name, without "encoder.", lazily.
    decoder: the same of the StyleGAN2 inside, without "decoder."; empty if the file has none.
    latent_avg: what is added to the codes, [styles, w] or [w]; None: nothing is.
    opts: the training's settings, plain values.
    styles: number of heads, the w rows of the decoder.
    resolution: R of the decoder's images.
    file: the open file, with its size and SHA-256.
  """

  kind: str
  encoder: dict[str, LazyTensor]
  decoder: dict[str, LazyTensor]
  latent_avg: LazyTensor | None
  opts: dict[str, Any]
  styles: int
  resolution: int
  file: TorchFile


def read_encoder_file(path: str | os.PathLike) -> EncoderFile:
  """Reads an e4e or pSp checkpoint.

  Args:
    path: the `.pt` file, of either container.

  Raises:
    UnsupportedFileError: it is another file, or another kind of encoder, said by name.
    NetworkFileError: see `converters.pytorch.read_torch_file`; or it contradicts itself.
    InputError: it cannot be opened.
  """
  file = read_torch_file(path)
  with file.source.naming():
    content = file.content
    if not is_encoder_content(content):
      raise UnsupportedFileError("it is not an e4e or pSp checkpoint (state_dict, opts)", _GIVE)
    opts, tensors = content["opts"], content["state_dict"]
    if not isinstance(opts, dict) or not isinstance(tensors, dict):
      raise DamagedFileError("its state_dict or opts are no dictionary")
    encoder, decoder = _part(tensors, "encoder."), _part(tensors, "decoder.")
    kind = _kind(opts)
    styles = sorted(int(m[1]) for name in encoder if (m := _STYLE.fullmatch(name)))
    if not styles or styles != list(range(len(styles))) or len(styles) % 2:
      raise DamagedFileError("the heads (styles.N) of its encoder are none, or not all there")
    resolution = 1 << (len(styles) // 2 + 1)
    stated = opts.get("stylegan_size", opts.get("output_size", resolution))
    if stated != resolution:
      raise DamagedFileError(
        f"its encoder has {len(styles)} heads, but its opts state {quoted(str(stated))} pixels"
      )
    average = _average(content, opts, len(styles))
    return EncoderFile(kind, encoder, decoder, average, opts, len(styles), resolution, file)


def is_encoder_content(content: Any) -> bool:
  """Whether a file of `torch.save` is a checkpoint of e4e or pSp, or of a relative of theirs."""
  return isinstance(content, dict) and {"state_dict", "opts"} <= set(content)


def _part(tensors: dict[Any, Any], prefix: str) -> dict[str, LazyTensor]:
  found = {
    name.removeprefix(prefix): value
    for name, value in tensors.items()
    if type(name) is str and name.startswith(prefix)
  }
  for name, value in found.items():
    if not isinstance(value, LazyTensor):
      raise DamagedFileError(f"its entry {quoted(prefix + name)} is no tensor")
  return found


def _kind(opts: dict[Any, Any]) -> str:
  name = opts.get("encoder_type")
  if type(name) is not str or name not in _KINDS:
    raise UnsupportedFileError(
      f"it is an e4e or pSp encoder of the type {quoted(str(name))}, not {' or '.join(_KINDS)}",
      _GIVE,
    )
  for option, value in _ONLY.items():
    if opts.get(option, value) != value:
      raise UnsupportedFileError(
        f"its encoder was made with {option}={quoted(str(opts[option]))}, which is another network",
        _GIVE,
      )
  return _KINDS[name]


def _average(content: dict, opts: dict, styles: int) -> LazyTensor | None:
  if not opts.get("start_from_latent_avg", False):
    return None
  average = content.get("latent_avg")
  if not isinstance(average, LazyTensor) or average.ndim not in (1, 2):
    raise DamagedFileError("it starts from the mean latent, but has no latent_avg")
  if average.ndim == 2 and average.shape[0] != styles:
    raise DamagedFileError(
      f"its latent_avg has {average.shape[0]} rows for the {styles} heads of its encoder"
    )
  return average

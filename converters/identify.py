"""What a file really is: which reader it is for, or why it is for none.

Refusals by the right name: somebody with a quota page, a half download or a file of another program
learns that from the message, with what to do about it.
"""

import os
import stat

from privai_tf.converters.errors import (
  DOWNLOAD_AGAIN,
  DamagedFileError,
  UnsafePickleError,
  UnsupportedFileError,
  quoted,
)
from privai_tf.runtime.outside import open_at_once

HEAD_BYTES = 4096
_GIVE_OFFICIAL = (
  "give an official ProgressiveGAN (karras2018iclr-*.pkl), StyleGAN (karras2019stylegan-*.pkl) or "
  "StyleGAN2 (stylegan2-*.pkl) file"
)
_GIVE_TENSORFLOW = (
  "give the TensorFlow version of the ProgressiveGAN file (karras2018iclr-*.pkl), made by "
  "tfutil.Network"
)
_OTHER_GENERATION = "later generations have other networks; " + _GIVE_OFFICIAL
_CONVERT = (
  "where it holds a generator, `python -m privai_tf.converters FILE DIR` reads it; a pickle of NVIDIA's for "
  "TensorFlow is expected here"
)
_UNPACK = "unpack it and give the .pkl file inside"
_RESAVE = "save the networks anew with pickle protocol 2, 3, 4 or 5"

_MAGIC = (
  (b"\x1f\x8b", "a gzip archive", _UNPACK),
  (b"BZh", "a bzip2 archive", _UNPACK),
  (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
  (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
  (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
  (b"Rar!", "a RAR archive", _UNPACK),
  (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras weights or data)", _GIVE_OFFICIAL),
  (b"\x93NUMPY", "a NumPy array file (.npy)", _GIVE_OFFICIAL),
  (b"\x89PNG", "a PNG picture", _GIVE_OFFICIAL),
  (b"\xff\xd8\xff", "a JPEG picture", _GIVE_OFFICIAL),
  (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "run `git lfs pull`"),
)
# The number that starts PyTorch's older files, as the pickle operation LONG1.
_TORCH_LEGACY = b"\x8a\n" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little")
_FRAME = b"\x95"
_QUOTA_WORDS = (
  b"quota exceeded",
  b"too many users have viewed",
  b"can't view or download this file",
)

_FOREIGN_MODULES = {
  "torch_utils": ("a StyleGAN2-ADA or StyleGAN3 file for PyTorch", _CONVERT),
  "torch": ("a PyTorch file", _GIVE_OFFICIAL),
  "training": ("a file of a later StyleGAN generation's training code", _OTHER_GENERATION),
  "theano": ("a Theano-era ProgressiveGAN file", _GIVE_TENSORFLOW),
  "lasagne": ("a Theano-era ProgressiveGAN file", _GIVE_TENSORFLOW),
  "tensorflow": ("a pickled TensorFlow object", _GIVE_OFFICIAL),
  "keras": ("a pickled Keras object", _GIVE_OFFICIAL),
  "sklearn": ("a pickled scikit-learn object", _GIVE_OFFICIAL),
}
_STYLEGAN_CLASS = "dnnlib.tflib.network.Network"
_VERSIONS = {_STYLEGAN_CLASS: (2, 3, 4, 5), "tfutil.Network": (2,)}


TORCH, PERSISTENT = "torch", "persistent"


def kind_of(path: str | os.PathLike) -> str | None:
  """Which other reader a file is for, by its first bytes.

  Args:
    path: the file.

  Returns:
    `TORCH` (what torch.save wrote: `converters.pytorch`), `PERSISTENT` (a pickled dictionary, as
    StyleGAN2-ADA and StyleGAN3 write it for PyTorch: `converters.persistence`), or None.
  """
  try:
    with open(path, "rb", opener=open_at_once) as file:
      head = file.read(HEAD_BYTES) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
  except OSError:
    return None  # whoever reads it then says why it cannot
  if head[:1] == b"\x80":
    if head[2:].startswith(_TORCH_LEGACY):
      return TORCH
    body = head[11:] if head[2:3] == _FRAME else head[2:]
    return PERSISTENT if body[:1] == b"}" else None
  return TORCH if head.startswith(b"PK\x03\x04") and b"data.pkl" in head else None


def refuse_other_formats(head: bytes, size: int) -> None:
  """Refuses what does not begin as a pickle of protocol 2, 3, 4 or 5.

  Args:
    head: the first `HEAD_BYTES` bytes, fewer if the file is shorter.
    size: size of the whole file in bytes.

  Raises:
    UnsupportedFileError: it is something else, said by name.
    DamagedFileError: it is empty or blank.
    UnsafePickleError: it may be a pickle of another protocol.
  """
  if not head:
    raise DamagedFileError("it is empty")
  if not any(head):
    raise DamagedFileError("it begins with zeros only, as an interrupted download does")
  if head[:1] == b"\x80":
    _refuse_other_pickles(head)
    return
  _refuse_web_pages(head, size)
  for magic, name, remedy in _MAGIC:
    if head.startswith(magic):
      raise UnsupportedFileError(f"it is {name}", remedy)
  if head.startswith(b"PK\x03\x04"):
    raise UnsupportedFileError(*_zip_kind(head))
  if head[257:262] == b"ustar":
    raise UnsupportedFileError("it is a tar archive", _UNPACK)
  if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < size:
    raise UnsupportedFileError(
      "it is a safetensors file",
      "give the folder of a converted checkpoint, or an official .pkl file",
    )
  if head[:1] in (b"(", b"c", b"]", b"}", b"i"):
    raise UnsafePickleError(
      "it is not a pickle of protocol 2, 3, 4 or 5 (perhaps protocol 0 or 1)", _RESAVE
    )
  raise UnsupportedFileError("it is not a pickle", _GIVE_OFFICIAL)


def _refuse_other_pickles(head: bytes) -> None:
  protocol = head[1] if len(head) > 1 else None
  if protocol is None:
    raise DamagedFileError("it breaks off (truncated)")
  if protocol not in (2, 3, 4, 5):
    raise UnsafePickleError(
      f"it is not a pickle of protocol 2, 3, 4 or 5 (protocol byte {protocol})"
    )
  if head[2:].startswith(_TORCH_LEGACY):
    raise UnsupportedFileError("it is a PyTorch file (.pt, .pth)", _CONVERT)


def _refuse_web_pages(head: bytes, size: int) -> None:
  text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
  if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<error", b"<!--")):
    if any(words in text for words in _QUOTA_WORDS):
      raise UnsupportedFileError(
        f"it is a web page ({size} bytes), Google Drive's notice that the download quota is exceeded",
        "wait a day, or copy the file to a Drive of your own and download that copy",
      )
    raise UnsupportedFileError(
      f"it is a web page ({size} bytes), not the network file",
      "open it to see why, then " + DOWNLOAD_AGAIN,
    )


def _zip_kind(head: bytes) -> tuple[str, str]:
  if b"data.pkl" in head:
    return "it is a PyTorch file (.pt, .pth)", _CONVERT
  if b".npy" in head:
    return "it is a NumPy archive (.npz)", _GIVE_OFFICIAL
  if b"metadata.json" in head or b"config.json" in head:
    return "it is a Keras model file (.keras)", _GIVE_OFFICIAL
  return "it is a zip archive", _UNPACK


def refuse_foreign_name(module: str, name: str) -> None:
  """Refuses a file by its right name if a global it asks for tells what it is.

  Args:
    module: module of the global, e.g. "torch_utils.persistence".
    name: its name in the module.

  Raises:
    UnsupportedFileError: if the name is that of another known kind of file.
  """
  package = module.split(".", 1)[0]
  if (module, name) == ("network", "Network"):
    kind, remedy = "a Theano-era ProgressiveGAN file", _GIVE_TENSORFLOW
  elif package in _FOREIGN_MODULES:
    kind, remedy = _FOREIGN_MODULES[package]
  else:
    return
  raise UnsupportedFileError(f"it is {kind} (it asks for {quoted(f'{module}.{name}')})", remedy)


def refuse_other_generations(class_name: str, state: dict) -> None:
  """Refuses networks of another generation that use the same class names.

  Args:
    class_name: "tfutil.Network" or "dnnlib.tflib.network.Network".
    state: the network's pickled state, unchecked.

  Raises:
    UnsupportedFileError: saying which generation it is.
  """
  version = state.get("version")
  if version is None:
    raise UnsupportedFileError(
      "it is a Theano-era ProgressiveGAN file (its network has no version)", _GIVE_TENSORFLOW
    )
  if type(version) is not int or version not in _VERSIONS[class_name]:
    shown = str(version) if type(version) is int else type(version).__name__
    raise UnsupportedFileError(
      f"its networks ({class_name}) are of the unknown state version {shown}", _GIVE_OFFICIAL
    )

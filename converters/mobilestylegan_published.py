"""Which MobileStyleGAN files were published, and under which terms."""

import os
from pathlib import Path

# The published files, as far as their SHA-256 was looked at: random-face 2021.7.21.1.
PUBLISHED = {
  "MappingNetwork.xml": "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b",
  "MappingNetwork.bin": "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305",
  "SynthesisNetwork.xml": "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd",
  "SynthesisNetwork.bin": "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645",
}
TERMS = (
  "Terms: the package random-face states the Apache License 2.0. But its network was distilled from "
  "NVIDIA's StyleGAN2-FFHQ, which NVIDIA published for non-commercial use, and its mapping network is "
  "NVIDIA's own; nothing says that NVIDIA agreed, and the FFHQ photos are CC BY-NC-SA 4.0. Use it for "
  "research, and judge the licence yourself; this repository's licence does not cover it."
)


def is_ir_folder(path: str | os.PathLike) -> bool:
  """Whether a folder holds the four files."""
  return Path(path).is_dir() and all((Path(path) / name).is_file() for name in PUBLISHED)

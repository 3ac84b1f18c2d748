"""Makes the weights file of LPIPS from published ones.

  python -m privai_tf.converters.perceptual --network=vgg16-397923af.pth --heads=vgg.pth OUTPUT.safetensors
  python -m privai_tf.converters.perceptual --network=vgg16_zhang_perceptual.pkl OUTPUT.safetensors

The first form takes torchvision's VGG16 and the heads of the `lpips` package (weights/v0.1/vgg.pth);
the second NVIDIA's file, which holds both. Nothing in the files is executed. Then: --perceptual=lpips.
"""

from absl import flags

from privai_tf.runtime import command

_NETWORK = flags.DEFINE_string("network", None, "File of VGG16, .pth or .pkl.", required=True)
_HEADS = flags.DEFINE_string("heads", None, "File of LPIPS's heads, for a .pth network.")
_PREPROCESSING = flags.DEFINE_enum(
  "preprocessing", "torchvision", ["torchvision", "caffe"], "What a .pkl's network expects."
)


def main(arguments: list[str]) -> None:
  """Converts.

  Raises:
    ConfigurationError: --heads is missing for a .pth network, or given for a .pkl.
  """
  from privai_tf.converters.lpips_weights import from_nvidia, from_pytorch, write_lpips
  from privai_tf.errors import ConfigurationError

  if _NETWORK.value.endswith(".pkl") == (_HEADS.value is not None):
    raise ConfigurationError("--heads goes with a .pth network only, and is needed there.")
  if _HEADS.value:
    weights = from_pytorch(_NETWORK.value, _HEADS.value)
  else:
    weights = from_nvidia(_NETWORK.value, _PREPROCESSING.value)
  write_lpips(weights, arguments[0])
  print(f"Wrote {arguments[0]}: use it as InversionSpec(lpips_weights=...).")


if __name__ == "__main__":
  command.run(main, ("OUTPUT",))

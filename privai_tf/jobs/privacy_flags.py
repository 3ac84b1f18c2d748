"""The main job's flags for the guarantee, and the `PrivacySpec` that they ask for. Nothing heavy."""

from typing import Any

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.jobs import image_flags
from privai_tf.jobs.presets import PRESETS, Preset, check_preset
from privai_tf.runtime import command_help
from privai_tf.runtime.shared_flags import shared_flag

flags.adopt_module_key_flags(image_flags)

_PRESET = shared_flag(
  "preset",
  "Advised scope, mechanism, decoding and resemblance, by use: attribute (one attribute hidden, the "
  "person stays), likeness (the same for photographs: a search in W+ that keeps who it is, and a delta "
  "of 1e-6), stand-in (nobody's face in its place) or data-set (the same; age and gender count "
  "three times). Flags that are given win; epsilon is yours. See docs/evidence.md.",
  values=tuple(sorted(PRESETS)),
)
_WPLUS_MODE = shared_flag("wplus_mode")
_MECHANISM = shared_flag(
  "mechanism",
  "The privacy mechanism; see docs/privacy.md. Default: the least distortion that epsilon allows, "
  "extremal for scope attribute and subset_selection for scope image; laplace for others, for "
  "--wplus_mode=per_layer and where a clip radius is given.",
)
_SCOPE = shared_flag("scope", "What the guarantee covers.", default="attribute")
_EPSILON = shared_flag("epsilon", "Epsilon, above 0: one number, or one for each attribute.")
_DELTA = shared_flag("delta")
_CLIP_RADIUS = shared_flag("clip_radius", "Clip radius in latent units, instead of --clip.")
_CLIP = flags.DEFINE_string(
  "clip",
  "auto",
  "The clip radius: auto (least expected error at this epsilon) or a share of generated samples that "
  "it holds, such as 0.99.",
)
_DECODE = shared_flag(
  "decode",
  "What is published of a noisy coordinate: raw, its posterior mean, or a draw from its posterior "
  "under the public distribution; of extremal: value or sample. Default: sample for extremal, raw for "
  "others.",
)
_LOSS = shared_flag("loss", "The error that is made least: absolute or squared.")
_NOISE_SEED = flags.DEFINE_integer(
  "noise_seed", None, "Makes the run a reproducible simulation WITHOUT any guarantee."
)
_ON_FAILURE = shared_flag(
  "on_failure",
  "What becomes of an input without a usable face. stand-in (default with --scope=image): a "
  "privatized public face is published in its place, and nobody can tell; skip (default with "
  "--scope=attribute): nothing is.",
)

command_help.group(
  "The guarantee", ("preset", "mechanism", "decode", "delta", "on_failure", "noise_seed")
)
command_help.group("The clip set", ("clip", "clip_radius", "loss", "wplus_mode"))


def privacy_spec(latent_space: str | None, *, pasted_back: bool) -> Any:
  """The guarantee that the flags ask for.

  Args:
    latent_space: "Z", "W" or "W+"; None: the checkpoint's own.
    pasted_back: whether faces return to their frames.

  Raises:
    ConfigurationError: if the flags contradict each other.
  """
  from privai_tf.privacy import PrivacySpec, default_decode

  preset = _preset()
  mechanism = _MECHANISM.value or (preset.mechanism if preset else _default_mechanism(latent_space))
  return PrivacySpec(
    mechanism=mechanism,
    scope=_scope(),
    epsilon=_epsilons(),
    delta=_delta(preset, mechanism),
    wplus_mode=_WPLUS_MODE.value,
    clip_radius=_CLIP_RADIUS.value,
    clip_quantile=_clip_quantile(),
    decode=_DECODE.value or _advised_decode(mechanism) or default_decode(mechanism),
    loss=_LOSS.value,
    noise_seed=_NOISE_SEED.value,
    pasted_back=pasted_back,
    inputs=_promised_inputs(),
    **image_flags.image_settings(preset.resemble if preset else ()),
  )


def preset_name() -> str | None:
  """The preset that was asked for."""
  return _PRESET.value


def advised(name: str) -> Any:
  """What the preset says of a flag that is not of the guarantee; None: nothing, or no preset.

  Args:
    name: "latent_space" or "public_codes".
  """
  return getattr(PRESETS[_PRESET.value], name) if _PRESET.value else None


def _delta(preset: Preset | None, mechanism: str) -> float:
  """The one that was given; else the preset's, for its own mechanism."""
  if flags.FLAGS["delta"].present or preset is None or mechanism != preset.mechanism:
    return _DELTA.value
  return preset.delta


def _preset() -> Preset | None:
  """The preset, once nothing that was given contradicts it."""
  if _PRESET.value is None:
    return None
  scope = _SCOPE.value if flags.FLAGS["scope"].present else None
  check_preset(_PRESET.value, scope, _MECHANISM.value, bool(flags.FLAGS["resemble"].present))
  return PRESETS[_PRESET.value]


def _scope() -> str:
  return PRESETS[_PRESET.value].scope if _PRESET.value else _SCOPE.value


def _advised_decode(mechanism: str) -> str | None:
  """The preset's decoding, where this mechanism has it."""
  from privai_tf.privacy.mechanisms import mechanism_class

  advised = PRESETS[_PRESET.value].decode if _PRESET.value else None
  return advised if advised in mechanism_class(mechanism).decodings else None


def _epsilons() -> float | tuple[float, ...]:
  try:
    values = tuple(float(text) for text in _EPSILON.value)
  except ValueError:
    raise ConfigurationError(
      f"--epsilon={','.join(_EPSILON.value)}: give one number, or one for each attribute"
    ) from None
  if not values:
    raise ConfigurationError("--epsilon is empty; give one number, or one for each attribute")
  return values[0] if len(values) == 1 else values


def _default_mechanism(latent_space: str | None) -> str:
  """The one with the least expected error among those that can do what is asked."""
  from privai_tf.privacy import default_mechanism

  layered = latent_space == "W+" and _WPLUS_MODE.value == "per_layer"
  clipped = _CLIP_RADIUS.value is not None or _CLIP.value != "auto"
  if layered or clipped:
    return "laplace"
  return default_mechanism(_scope())


def _clip_quantile() -> float | None:
  if _CLIP.value == "auto":
    return None
  try:
    return float(_CLIP.value)
  except ValueError:
    raise ConfigurationError(
      f"--clip={_CLIP.value}: give auto, or a share such as 0.99; a radius is --clip_radius"
    ) from None


def _promised_inputs() -> str:
  """`PrivacySpec.inputs`: whether inputs without a usable face are released too."""
  if _scope() != "attribute":
    return "faces" if _ON_FAILURE.value == "skip" else "any"
  if _ON_FAILURE.value == "stand-in":
    raise ConfigurationError(
      "--on_failure=stand-in with --scope=attribute: a stand-in would be told by its residual, "
      "which that scope publishes; use --on_failure=skip, or --scope=image"
    )
  return "any"

"""The bodies and parameters of the interface, from which its OpenAPI document is made."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from privai_tf.privacy.decoding import DECODINGS
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.privacy.spec import LOSSES
from privai_tf.serving.gateway.settings import GatewaySettings

_LEAST_EPSILON = 2e-6  # In scope attribute the rest has a share of it.


class _Body(BaseModel):
  model_config = ConfigDict(extra="forbid")


class ErrorBody(_Body):
  """Every refusal: one line that says what was wrong and what to do."""

  error: str = Field(examples=["The picture is damaged or incomplete; send a fresh copy."])


class StatusBody(_Body):
  """Of the probes."""

  status: Literal["ok"]


class RelationBody(_Body):
  """What two neighbours may differ in: the object that epsilon is about."""

  scope: str
  checkpoint: str
  release_path: str
  latent_space: str
  attributes: list[str]
  directions: int
  span_sha256: str
  split: str
  rho: float
  inputs: str


class GuaranteeBody(_Body):
  """What one release promises; it depends on nothing private and may be published."""

  private: bool
  scope: str
  statement: str = Field(description="in words, what is not promised included")
  mechanism: str
  epsilon: float = Field(
    description="every probability changes by at most a factor e^epsilon, plus delta; between what: "
    "see the statement"
  )
  delta: float
  clip_radius: float | None
  sensitivity: float | None
  noise_scale: float | None
  relation: RelationBody | None
  rest_noise_scale: float | None = Field(description="of the noise on the rest, in latent units")


class CheckpointBody(_Body):
  """The generator that made the image."""

  family: str
  resolution: int
  sha256: str


class BudgetBody(_Body):
  """What an account has left, and has spent, rounded so that neither flatters."""

  account: str
  epsilon: float
  delta: float
  spent_epsilon: float | None = Field(description="null: no finite epsilon holds")
  spent_delta: float
  budget_epsilon: float
  budget_delta: float
  composition: str
  releases: int


class ReleaseBody(_Body):
  """A release: all of it but `remaining` and `photo_warning` may be published."""

  image: str = Field(description="PNG, base64", json_schema_extra={"contentEncoding": "base64"})
  guarantee: GuaranteeBody
  attacker_bound: float = Field(
    description="the most that a yes-or-no fact of even odds is guessed right, rounded up; in scope "
    "attribute through the coordinate: what the rest of the face says is not in it"
  )
  checkpoint: CheckpointBody
  remaining: BudgetBody
  photo_warning: str | None = Field(
    default=None,
    description="only where check_photo asked for it, and for the caller alone: why the photo looks "
    "unlike anything that this generator draws; null if it does not",
  )


class MechanismBody(_Body):
  """A mechanism on offer."""

  name: str
  scopes: list[str]
  needs_delta: bool
  decodings: list[str] = Field(description="what may be made of its outputs: values of decode")
  summary: str


class OfferBody(_Body):
  """What this gateway offers, and its limits."""

  attributes: list[str]
  scopes: list[str]
  mechanisms: list[MechanismBody]
  default_mechanisms: dict[str, str] = Field(description="by scope")
  codebook_sizes: list[int] = Field(description="of subset_selection; the first is the default")
  resemblances: list[str] = Field(description='of subset_selection; "": all directions alike')
  on_failure: str = Field(
    description="scope image: skip refuses a picture without a usable face; stand-in releases, and "
    "charges, a privatized public face in its place"
  )
  max_epsilon: float
  max_upload_bytes: int
  max_pixels: int
  latent_space: str
  code_shape: list[int]
  checkpoint: CheckpointBody


def latent_model(code_shape: tuple[int, ...]) -> type[BaseModel]:
  """The body with one code: exactly as many numbers as it has, [d] or [L, d].

  Args:
    code_shape: (d,) of Z and W codes, (L, d) of W+ codes.
  """
  kind: Any = Annotated[float, Field(allow_inf_nan=False)]
  for size in reversed(code_shape):
    kind = Annotated[list[kind], Field(min_length=size, max_length=size)]
  return create_model("LatentBody", __config__=ConfigDict(extra="forbid", strict=True), latent=kind)


def parameters_model(settings: GatewaySettings, *, photo: bool) -> type[BaseModel]:
  """The query parameters of a release, with exactly the values on offer.

  Args:
    settings: the operator's choices.
    photo: whether a face has to be found first.
  """
  fields: dict[str, Any] = {
    "epsilon": (
      float,
      Field(
        ge=_LEAST_EPSILON,
        le=settings.max_epsilon,
        allow_inf_nan=False,
        description="of this release; smaller is more private",
      ),
    ),
    "delta": (
      float,
      Field(
        default=0.0,
        ge=0.0,
        lt=1.0,
        allow_inf_nan=False,
        description=_delta_told(settings),
      ),
    ),
    "mechanism": (
      Literal[settings.mechanisms] | None,
      Field(default=None, description="left out: the scope's own, see default_mechanisms"),
    ),
    "scope": (Literal[settings.scopes], settings.scopes[0]),
    **_public_choices(settings),
  }
  if settings.attributes:
    fields["attribute"] = _attribute_field(settings)
  if photo:
    fields["align"] = (
      Literal[settings.align],
      Field(
        default=settings.align[0],
        description="how the face is cut out; none takes the square in the middle; auto takes a "
        "square picture of the generator's resolution as it is, and looks for a face in others",
      ),
    )
    fields["check_photo"] = (
      bool,
      Field(
        default=False,
        description="scope attribute: also say whether the generator knows such faces at all; the "
        "answer then depends on the photo beyond its image: keep photo_warning to yourself",
      ),
    )
    fields["face"] = (
      int | None,
      Field(
        default=None,
        ge=0,
        le=999,
        description="which face, from 0, left to right; left out: the largest",
      ),
    )
  name = "PhotoParameters" if photo else "LatentParameters"
  return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _delta_told(settings: GatewaySettings) -> str:
  told = "0 for all mechanisms but gaussian, which needs one such as 1e-5"
  usual = max(settings.usual_delta(name) for name in settings.mechanisms)
  return f"{told}; left out, it gets {usual:g}" if usual else told


def _public_choices(settings: GatewaySettings) -> dict[str, Any]:
  """What some mechanisms leave to choose, and no promise depends on; `choices` refuses the rest."""
  decodings = {name for mechanism in settings.mechanisms for name in decodings_of(mechanism)}
  fields: dict[str, Any] = {
    "decode": (
      Literal[tuple(name for name in DECODINGS if name in decodings)] | None,
      Field(
        default=None,
        description="what is published of a noisy coordinate: raw (of extremal: value), its posterior "
        "mean, or a sample of its posterior; left out: sample for extremal, raw for others",
      ),
    ),
    "loss": (
      Literal[LOSSES] | None,
      Field(
        default=None,
        description="the error that extremal, and the radius of mechanisms that clip, make least: "
        "absolute (l1) or squared (l2, left out)",
      ),
    ),
  }
  if any(mechanism_class(name).has_codebook for name in settings.mechanisms):
    sizes, texts = list(settings.codebook_sizes), list(settings.weights)
    fields["codebook_size"] = (
      Annotated[int, WithJsonSchema({"type": "integer", "enum": sizes})] | None,
      Field(default=None, description="made-up faces that subset_selection chooses among"),
    )
    fields["resemble"] = (
      Annotated[str, WithJsonSchema({"type": "string", "enum": texts})] | None,
      Field(
        default=None,
        description="what subset_selection calls resemblance: weights of attributes and of the rest, "
        "one of resemblances; left out: all directions alike",
      ),
    )
  return fields


def decodings_of(mechanism: str) -> tuple[str, ...]:
  """The values of `decode` that a mechanism takes."""
  return tuple(dict.fromkeys(["raw", *mechanism_class(mechanism).decodings]))


def _attribute_field(settings: GatewaySettings) -> tuple[Any, Any]:
  """Required, unless there is nothing to choose or another scope needs none."""
  kind: Any = Literal[settings.attributes]
  default: Any = ...
  if len(settings.attributes) == 1:
    default = settings.attributes[0]
  elif "image" in settings.scopes:
    kind, default = kind | None, None
  return kind, Field(default=default, description="to hide; scope image hides all of them")

"""One training of an encoder: a step of Adam, averaged weights, state that a later run goes on from."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.generators.compiled import compiled
from privai_tf.inversion.encoder import Encoder, clipped
from privai_tf.inversion.encoder_drawn import DrawnSamples
from privai_tf.inversion.encoder_network import (
  LARGEST_SIDE,
  EncoderConfig,
  assign_weights,
  build_network,
  read_weights,
  with_guess,
)
from privai_tf.inversion.encoder_photos import photographed
from privai_tf.inversion.encoder_samples import draw_codes, roughened
from privai_tf.inversion.encoder_settings import EncoderTraining
from privai_tf.inversion.encoder_visibility import invisible_rest, visibility
from privai_tf.inversion.losses import pixel_loss, pyramid
from privai_tf.inversion.statistics import latent_statistics

_AVERAGED = 0.998  # Memory of the averaged weights.
_IMAGE_SHARE = 4  # Every fourth sample also passes the generator again, which costs the most.
_IMAGE_WEIGHT = 1.0
_KEPT_BYTES = 2e9  # What the generator may keep for the gradient before it computes layers again.
_CALIBRATION = 1024
# First entries of the seeds of draws that must not meet: training counts from _TRAINING on.
CALIBRATION, HELD_OUT, _TRAINING = 0, 1, 2
AUGMENTATION = {"light": roughened, "photo": photographed}


class Trainer:
  """The network, its averaged twin and its optimizer.

  The network predicts whitened coordinates of the latent space: all directions that matter count
  alike, and 0 is the mean code. `encoder` undoes the whitening in its last layer.

  Samples drawn ahead do not pass the generator again: there is no image loss to say which directions
  show. So directions count by their spread, as they do in images where path lengths were regularized
  (Karras et al. 2020): a step in W then changes an image alike whichever way it goes.
  """

  def __init__(self, generator, training: EncoderTraining, samples: DrawnSamples | None = None):
    """Args:
    generator: a `privai_tf.Generator`; it stays as it is.
    training: the settings, all decided.
    samples: drawn ahead; None: drawn anew in every step.
    """
    latent_space, seed = training.latent_space, training.seed
    self._generator, self._space, self._samples = generator, latent_space, samples
    self._batch_size, self._seed = training.batch_size, seed
    self._augmented = AUGMENTATION[training.augmentation]
    self._statistics = latent_statistics(generator, latent_space)
    self._config = EncoderConfig(
      resolution=generator.resolution,
      num_channels=generator.num_channels,
      latent_space=latent_space,
      code_shape=generator.code_shape(latent_space),
      width=training.width,
      most=training.most,
      hidden=training.hidden,
      largest_side=min(samples.side, LARGEST_SIDE) if samples else LARGEST_SIDE,
    )
    self._network = self._new_network(seed)
    self._outputs = with_guess(self._network)
    self._metric = None
    if latent_space == "Z":
      # Only what shows in an image can be learned, and no more is asked.
      visible = visibility(generator)
      self._metric = visible.astype(np.float32)
      self._network.get_layer("whole").rest.assign(invisible_rest(visible, seed))
    elif samples:
      self._metric = self._statistics.root
    self._trained = self._network.trainable_variables
    self._average = [tf.Variable(v.value, trainable=False) for v in self._trained]
    self._optimizer = keras.optimizers.Adam(1e-3, beta_2=0.99, global_clipnorm=1.0)
    self._optimizer.build(self._trained)
    drawn = draw_codes(generator, latent_space, _CALIBRATION, [CALIBRATION, seed])
    self._spread = float(np.mean(np.square(self._shown(self._white(drawn))))) or 1.0
    self._rows = -(-training.batch_size // _IMAGE_SHARE)
    keeps_much = generator.activation_bytes * self._rows > _KEPT_BYTES
    self._options = {"recompute": True} if keeps_much else {}
    self._step = compiled(self._take_drawn_step if samples else self._take_step, "off")
    self.encoder = Encoder(
      self._config, build_network(self._config), generator.fingerprint, provenance={}
    )

  def step(self, number: int, rate: float) -> tuple[float, float]:
    """Step `number`, whose samples depend on nothing else.

    Returns:
      The code loss (1: no better than the mean code) and the image loss, 0 with drawn samples.
    """
    drawn = [_TRAINING, self._seed, number]
    seed = tf.constant([self._seed, number], tf.int32)
    if self._samples:
      codes, images = self._samples.batch(self._batch_size, drawn)
      losses = self._step(images, self._white(codes), seed, np.float32(rate))
    else:
      codes = draw_codes(self._generator, self._space, self._batch_size, drawn)
      losses = self._step(codes, self._white(codes), seed, np.float32(rate))
    return float(losses[0]), float(losses[1])

  def encode_drawn(self, images: np.ndarray) -> np.ndarray:
    """Codes of images of the samples' size, by the averaged weights; `Encoder.encode` takes photos."""
    encoder = self.refresh_encoder()
    small = self._new_network(0)
    assign_weights(small, read_weights(encoder.network))
    return small.predict(np.clip(images, -1, 1), verbose=0)

  def refresh_encoder(self) -> Encoder:
    """Puts the averaged weights into `encoder`, the whitening undone, and returns it."""
    weights = read_weights(self._network)
    names = {
      id(v): f"{layer.name}/{v.name}" for layer in self._network.layers for v in layer.weights
    }
    for variable, average in zip(self._trained, self._average, strict=True):
      weights[names[id(variable)]] = average.numpy()
    root = self._statistics.root.astype(np.float64)
    kernel, bias = weights["code/kernel"], weights["code/bias"]
    width = len(root)
    kernel = kernel.reshape(len(kernel), -1, width) @ root
    bias = bias.reshape(-1, width) @ root + self._statistics.mean
    weights["code/kernel"] = kernel.reshape(len(kernel), -1).astype(np.float32)
    weights["code/bias"] = bias.reshape(-1).astype(np.float32)
    assign_weights(self.encoder.network, weights)
    return self.encoder

  def start_from(self, encoder: Encoder) -> None:
    """The reverse of `refresh_encoder`: takes over an encoder's weights, and averages from them on.

    Raises:
      ConfigurationError: if it is of another form.
    """
    if encoder.config != self._config:
      raise ConfigurationError(
        f"The encoder to start from has other settings ({encoder.config}) than the training "
        f"({self._config}); give the same, or start anew."
      )
    weights = read_weights(encoder.network)
    kernel, bias = weights["code/kernel"], weights["code/bias"]
    inverse = self._statistics.inverse_root.astype(np.float64)
    width = len(inverse)
    kernel = kernel.reshape(len(kernel), -1, width) @ inverse
    bias = (bias.reshape(-1, width) - self._statistics.mean) @ inverse
    weights["code/kernel"] = kernel.reshape(len(kernel), -1).astype(np.float32)
    weights["code/bias"] = bias.reshape(-1).astype(np.float32)
    assign_weights(self._network, weights)
    for variable, average in zip(self._trained, self._average, strict=True):
      average.assign(variable.value)

  def code_error(self, found: np.ndarray, codes: np.ndarray) -> float:
    """Mean squared error of codes in whitened coordinates; 1: no better than the mean code."""
    error = self._shown(self._white(found) - self._white(codes))
    return float(np.mean(np.square(error))) / self._spread

  def state(self) -> dict[str, np.ndarray]:
    """Everything that a later run needs to go on."""
    return {
      f"{group}/{index}": np.asarray(variable)
      for group, variables in self._groups().items()
      for index, variable in enumerate(variables)
    }

  def restore(self, arrays: dict[str, np.ndarray]) -> None:
    """The reverse of `state`; raises KeyError or ValueError if it is of another network."""
    for group, variables in self._groups().items():
      for index, variable in enumerate(variables):
        variable.assign(arrays[f"{group}/{index}"])

  def _new_network(self, seed: int) -> keras.Model:
    """The network for the images of training; averaging larger ones first has no weights."""
    side = self._config.side if self._samples else self._config.resolution
    return build_network(dataclasses.replace(self._config, resolution=side), seed)

  def _groups(self) -> dict:
    return {"now": self._trained, "average": self._average, "adam": self._optimizer.variables}

  def _white(self, codes: np.ndarray) -> np.ndarray:
    """Codes in whitened coordinates; Z codes at the length that encoders answer with."""
    if self._space == "Z":
      codes = codes / np.sqrt(np.mean(codes**2, axis=-1, keepdims=True) + 1e-12)
    return (codes - self._statistics.mean) @ self._statistics.inverse_root

  def _shown(self, white):
    """What shows in an image of a difference of whitened codes: all of it but in Z."""
    return white if self._metric is None else white @ self._metric

  def _codes(self, white: tf.Tensor) -> tf.Tensor:
    return self._statistics.mean + tf.linalg.matmul(white, self._statistics.root)

  def _take_step(self, codes, white, seed, rate) -> tuple[tf.Tensor, tf.Tensor]:
    images = tf.stop_gradient(self._generator.synthesize_tensor(codes, self._space, "fixed"))
    goals = pyramid(images[: self._rows])
    with tf.GradientTape() as tape:
      guess, found = self._outputs(clipped(self._augmented(images, seed)), training=True)
      code_loss = self._code_loss(guess, white)
      again = self._codes(found[: self._rows])
      drawn = self._generator.synthesize_tensor(again, self._space, "fixed", **self._options)
      image_loss = tf.reduce_mean(pixel_loss(drawn, goals))
      loss = code_loss + _IMAGE_WEIGHT * image_loss
    self._apply(tape.gradient(loss, [v.value for v in self._trained]), rate)
    return code_loss, image_loss

  def _take_drawn_step(self, images, white, seed, rate) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape() as tape:
      guess, _ = self._outputs(clipped(self._augmented(images, seed)), training=True)
      loss = self._code_loss(guess, white)
    self._apply(tape.gradient(loss, [v.value for v in self._trained]), rate)
    return loss, tf.zeros(())

  def _code_loss(self, guess, white) -> tf.Tensor:
    return tf.reduce_mean(tf.square(self._shown(guess - white))) / self._spread

  def _apply(self, gradients, rate) -> None:
    """A step of Adam, and of the average."""
    self._optimizer.learning_rate.assign(rate)
    self._optimizer.apply_gradients(zip(gradients, self._trained, strict=True))
    # A short memory at first, which would be of random weights.
    count = tf.cast(self._optimizer.iterations.value, tf.float32)
    share = 1 - tf.minimum(_AVERAGED, (1 + count) / (10 + count))
    for variable, average in zip(self._trained, self._average, strict=True):
      average.assign_add((variable.value - average) * share)

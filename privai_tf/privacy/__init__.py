"""The privacy core: latents in, private latents and their guarantee out.

    spec = PrivacySpec(mechanism="laplace", scope="attribute", epsilon=1.0)
    release = privatize(latents, generator, boundary, spec)
    release.latents, release.guarantee.statement, release.event

The public names are imported on first use; importing this package imports no TensorFlow.
"""

from privai_tf.lazy import lazy_names

_PUBLIC = {
  "Encoded": "privai_tf.privacy.prepared",
  "PreparedRelease": "privai_tf.privacy.prepared",
  "PrivacySpec": "privai_tf.privacy.spec",
  "calibrate": "privai_tf.privacy.calibration",
  "default_decode": "privai_tf.privacy.mechanisms",
  "default_mechanism": "privai_tf.privacy.mechanisms",
  "make_mechanism": "privai_tf.privacy.mechanisms",
  "mechanism_names": "privai_tf.privacy.mechanisms",
  "prepare": "privai_tf.privacy.release",
  "principal_directions": "privai_tf.privacy.directions",
  "privatize": "privai_tf.privacy.release",
}

__all__ = sorted(_PUBLIC)

__getattr__, __dir__ = lazy_names(__name__, _PUBLIC)

"""A wheel adds one name, `privai_tf`: what lies beside it in the repository is installed inside it."""

import setuptools

_INSIDE = ("converters", "demo", "checkpoints", "boundaries")

# With the dot: what runs wrote beside them (demo_output) is no package.
_own = [pattern for name in _INSIDE for pattern in (name, f"{name}.*")]
_beside = setuptools.find_namespace_packages(include=_own)

setuptools.setup(
  packages=sorted(
    {
      *setuptools.find_namespace_packages(include=["privai_tf", "privai_tf.*"]),
      *(f"privai_tf.{name}" for name in _beside),
    }
  ),
  package_dir={f"privai_tf.{name}": name for name in _INSIDE},
)

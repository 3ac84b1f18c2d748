"""What flags and file names can tell before anything is loaded: misspelt names come first.

A wrong name is a wrong flag: it ends with exit code 2, within the second, and not after the models
have been loaded.
"""

import os

from privai_tf.attributes.boundary_files import resolve
from privai_tf.attributes.sources import boundary_source
from privai_tf.errors import ConfigurationError, PrivaiError
from privai_tf.generators.places import checkpoint_place
from privai_tf.jobs.failures import read_failures
from privai_tf.jobs.input_paths import input_paths
from privai_tf.jobs.job import Job
from privai_tf.privacy.resemblance import named_attributes
from privai_tf.runtime.files import shown


def check_names(job: Job) -> None:
  """Refuses a job whose checkpoint, attributes or inputs do not exist. Loads nothing.

  Args:
    job: the job.

  Raises:
    ConfigurationError: naming the first that does not exist, and what there is; or that there are no
      failures to try again.
  """
  if job.retry_failures:
    read_failures(job.private_dir, job.shard.suffix)
  try:
    checkpoint_place(job.checkpoint)
    attribute_scope = job.privacy.scope == "attribute"
    for attribute in job.attributes if attribute_scope else named_attributes(job.privacy.resemble):
      source = boundary_source(attribute, job.checkpoint)
      if not source.endswith(".npz"):
        # Which space is decided with the checkpoint; the name must exist in some.
        resolve(source, job.inversion.latent_space)
    if job.input is not None:
      input_paths(job.input)
  except PrivaiError as error:
    raise ConfigurationError(str(error)) from None
  if job.input_latents is not None and not os.path.isfile(job.input_latents):
    raise ConfigurationError(
      f"{shown(job.input_latents)} is not a file; name an .npy file of latent codes."
    )

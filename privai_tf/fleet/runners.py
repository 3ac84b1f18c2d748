"""Which runners of Beam's can carry a job, and what each must be told: else refused in one line.

Beam's own answer to what is missing is a download (Prism, the job servers of Flink and Spark: nothing
is fetched here without being asked), a server that it waits for, or a traceback minutes later.
"""

from collections.abc import Mapping, Sequence

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.extras import require_packages

_USUAL = "DirectRunner"
_FETCHED = "Beam would fetch that program from the internet"
# The option that a runner cannot do without, and why.
_NEEDS: Mapping[str, tuple[tuple[str, str], ...]] = {
  "DirectRunner": (),
  "DaskRunner": (("--dask_client_address", "HOST:PORT of a Dask scheduler"),),
  "PortableRunner": (("--job_endpoint", "HOST:PORT of a job server"),),
  "FlinkRunner": (
    ("--flink_master", "HOST:PORT of the Flink cluster"),
    ("--flink_job_server_jar", f"the job server's file: {_FETCHED}"),
  ),
  "SparkRunner": (("--spark_job_server_jar", f"the job server's file: {_FETCHED}"),),
  "PrismRunner": (("--prism_location", f"the program's file: {_FETCHED}"),),
  "DataflowRunner": (("--project", "of Google's cloud"), ("--temp_location", "a folder there")),
}


def require_runner(options: Sequence[str]) -> list[str]:
  """The options of a runner that can work, with what it needs and Beam does not choose well.

  Args:
    options: Beam's own; without `--runner=NAME`, it is this machine's.

  Raises:
    ConfigurationError: names what is missing.
  """
  named = [option.partition("=")[2] for option in options if option.startswith("--runner=")]
  name = named[-1] if named else _USUAL
  options = options if named else [f"--runner={_USUAL}", *options]
  if name not in _NEEDS:
    raise ConfigurationError(
      f"--runner={name}: no runner that can carry a job; use one of {', '.join(_NEEDS)}"
    )
  for flag, meaning in _NEEDS[name]:
    if not any(option == flag or option.startswith(f"{flag}=") for option in options):
      raise ConfigurationError(f"--runner={name} needs {flag} after `--`: {meaning}")
  if name != "DaskRunner":
    return list(options)
  require_packages("--runner=DaskRunner", "dask", "dask", "distributed")
  # Its own choice puts 128 parts into one piece of work, which one worker would do alone.
  chosen = any(
    option.startswith(("--dask_npartitions", "--dask_partition_size")) for option in options
  )
  return [*options, *([] if chosen else ["--dask_partition_size=1"])]

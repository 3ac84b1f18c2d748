"""Beam's engines that it does not find by their names: of this machine, and how its workers start; Dask's."""

import shlex
import sys
from collections.abc import Sequence

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import PipelineRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

_LOCAL = "--runner=DirectRunner"
_DASK = "--runner=DaskRunner"
_PROCESSES = "multi_processing"
_WORKER = "privai_tf.fleet.local_worker"


def engine(options: Sequence[str]) -> tuple[PipelineRunner | None, PipelineOptions]:
  """The engine that options of Beam's ask for.

  Beam 2.77's own DirectRunner hands a pipeline to Prism first: a program that it fetches from GitHub
  and starts without asking wherever there is an internet, and that ignores the number of workers. Its
  name means the engine that is installed, here.

  Args:
    options: Beam's own, such as "--runner=DirectRunner".

  Returns:
    The engine of this machine, or Dask's; None where Beam finds the runner by its name. The options, parsed.
  """
  parsed = PipelineOptions(list(options))
  if _DASK in options:  # Beam knows it by its full name alone.
    from apache_beam.runners.dask.dask_runner import DaskRunner

    return DaskRunner(), parsed
  if _LOCAL not in options:
    return None, parsed
  direct = parsed.view_as(DirectOptions)
  if direct.direct_running_mode != _PROCESSES:
    return FnApiRunner(), parsed
  direct.direct_running_mode = None  # Else the workers are Beam's own again.
  command = f"{shlex.quote(sys.executable)} -m {_WORKER}"
  return FnApiRunner(SubprocessSDKEnvironment.from_command_string(command)), parsed

"""Beam's engine of this machine: which one, and how its workers' processes start."""

import shlex
import sys
from collections.abc import Sequence

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

_LOCAL = "--runner=DirectRunner"
_PROCESSES = "multi_processing"
_WORKER = "privai_tf.fleet.local_worker"


def engine(options: Sequence[str]) -> tuple[FnApiRunner | None, PipelineOptions]:
  """The engine that options of Beam's ask for.

  Beam 2.77's own DirectRunner hands a pipeline to Prism first: a program that it fetches from GitHub
  and starts without asking wherever there is an internet, and that ignores the number of workers. Its
  name means the engine that is installed, here.

  Args:
    options: Beam's own, such as "--runner=DirectRunner".

  Returns:
    The engine of this machine, None where another runner is asked for; the options, parsed.
  """
  parsed = PipelineOptions(list(options))
  if _LOCAL not in options:
    return None, parsed
  direct = parsed.view_as(DirectOptions)
  if direct.direct_running_mode != _PROCESSES:
    return FnApiRunner(), parsed
  direct.direct_running_mode = None  # Else the workers are Beam's own again.
  command = f"{shlex.quote(sys.executable)} -m {_WORKER}"
  return FnApiRunner(SubprocessSDKEnvironment.from_command_string(command)), parsed

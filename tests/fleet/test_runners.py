"""Runners that cannot carry a job are refused in one line, before anything is fetched or waited for."""

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.fleet import runners
from privai_tf.fleet.runners import require_runner


@pytest.mark.parametrize(
  ("options", "reason"),
  [
    (["--runner=InteractiveRunner"], "no runner that can carry a job; use one of DirectRunner"),
    (["--runner=DaskRunner"], "needs dask_client_address after"),
    (["--runner=PortableRunner"], "needs job_endpoint"),
    (["--runner=FlinkRunner"], "needs flink_master"),
    (["--runner=FlinkRunner", "--flink_master=h:8081"], "needs flink_job_server_jar.*fetch"),
    (["--runner=SparkRunner"], "needs spark_job_server_jar.*fetch"),
    (["--runner=PrismRunner"], "needs prism_location.*fetch"),
    (["--runner=DataflowRunner", "--project=p"], "needs temp_location"),
  ],
)
def test_what_cannot_work_is_one_line(options, reason):
  with pytest.raises(ConfigurationError, match=reason) as told:
    require_runner(options)
  assert "\n" not in str(told.value)


def test_what_can_work():
  assert require_runner([]) == ["--runner=DirectRunner"]
  flink = ["--runner=FlinkRunner", "--flink_master", "h:1", "--flink_job_server_jar=/opt/j.jar"]
  assert require_runner(flink) == flink


def test_each_part_is_a_piece_of_work_on_dask(monkeypatch):
  monkeypatch.setattr(runners, "require_packages", lambda *names: None)
  dask = ["--runner=DaskRunner", "--dask_client_address=h:8786"]
  assert require_runner(dask) == [*dask, "--dask_partition_size=1"]
  assert require_runner([*dask, "--dask_npartitions=4"]) == [*dask, "--dask_npartitions=4"]

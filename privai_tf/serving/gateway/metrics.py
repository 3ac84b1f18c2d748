"""What the operator sees, as Prometheus reads it: counts and times, nothing of any one input."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class Metrics:
  """The gateway's own registry: two gateways in one process do not mix."""

  def __init__(self):
    self.registry = CollectorRegistry()
    self._requests = Counter(
      "privai_gateway_requests",
      "Requests, by route and status.",
      ["route", "status"],
      registry=self.registry,
    )
    self._seconds = Histogram(
      "privai_gateway_request_seconds",
      "Time from the request's first line to the answer.",
      ["route"],
      buckets=_SECONDS,
      registry=self.registry,
    )
    self._releases = Counter(
      "privai_gateway_releases",
      "Releases that were charged and sent.",
      ["caller", "scope", "mechanism"],
      registry=self.registry,
    )
    self._epsilon = Counter(
      "privai_gateway_epsilon",
      "Epsilon of the releases, added up.",
      ["caller"],
      registry=self.registry,
    )
    self._under_way = Gauge(
      "privai_gateway_requests_under_way",
      "Requests that hold a body or wait for the model.",
      registry=self.registry,
    )

  def count_request(self, route: str, status: int, seconds: float) -> None:
    """One answered request; `route` is a template, never a caller's text."""
    self._requests.labels(route, str(status)).inc()
    self._seconds.labels(route).observe(seconds)

  def count_release(self, caller: str, scope: str, mechanism: str, epsilon: float) -> None:
    """One release on its way to the caller."""
    self._releases.labels(caller, scope, mechanism).inc()
    self._epsilon.labels(caller).inc(epsilon)

  def set_under_way(self, count: int) -> None:
    """How many places are taken."""
    self._under_way.set(count)

  def text(self) -> bytes:
    """The exposition format, version 0.0.4."""
    return generate_latest(self.registry)

"""A protocol's name -> the way to a model server. Only the library of the one asked for is imported."""

from privai_tf.errors import ConfigurationError
from privai_tf.serving.transport import Transport


def make_transport(
  protocol: str, address: str, model: str, version: int | None, timeout: float, tls: bool
) -> Transport:
  """The transport of a protocol's name.

  Args:
    protocol: "grpc" or "rest".
    address: HOST:PORT.
    model: its name on the server.
    version: of the model; None: whichever the server serves by default.
    timeout: for an answer, in seconds.
    tls: whether the server is spoken to by TLS.

  Raises:
    ConfigurationError: for another name, an address with a scheme or path, or gRPC without its
      packages.
  """
  if "/" in address or not address:
    raise ConfigurationError(f"The address is {address!r}; give HOST:PORT, and tls=True for TLS.")
  if protocol == "grpc":
    from privai_tf.serving.grpc_transport import GrpcTransport

    return GrpcTransport(address, model, version, timeout, tls)
  if protocol == "rest":
    from privai_tf.serving.rest_transport import RestTransport

    return RestTransport(address, model, version, timeout, tls)
  raise ConfigurationError(f"protocol is {protocol!r}; use 'grpc' or 'rest'.")

"""What a file really is, when it is not an official ProgressiveGAN or StyleGAN network file."""

HEAD_BYTES = 4096


def refuse_other_formats(head: bytes, size: int) -> None:
  """To be filled."""


def refuse_other_generations(class_name: str, state: dict) -> None:
  """To be filled."""

"""Files that PyTorch wrote, read without PyTorch and without executing anything in them."""

from privai_tf.converters.pytorch.files import TorchFile, read_torch_file
from privai_tf.converters.pytorch.tensors import LazyTensor

__all__ = ["LazyTensor", "TorchFile", "read_torch_file"]

"""StyleGAN2's generator in PyTorch's plain operations, as the papers describe them: the peer's side.

Run by `benchmarks.stylegan2` with another interpreter, which has PyTorch and NumPy; it imports nothing
of this repository. Weights come under our names. On each line of its input it draws the image once and
answers with the seconds and those of the processor; a line that is a path makes it save the image there first.
"""

import math
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

GAIN = math.sqrt(2.0)


def tensor(array, order=None):
  array = np.asarray(array, np.float32)
  return torch.from_numpy(np.ascontiguousarray(array if order is None else array.transpose(order)))


def dense(x, weight, bias):
  return torch.addmm(bias[None], x, weight / math.sqrt(weight.shape[0]))


def modulated(x, weight, style, up, demodulate=True):
  """A kernel for each sample, and all samples as groups of one convolution."""
  count, channels, height, width = x.shape
  kernel = weight[None] * style[:, None, :, None, None]  # [N, outputs, inputs, k, k]
  if demodulate:
    norm = (kernel.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    kernel = kernel * norm
  x = x.reshape(1, count * channels, height, width)
  if up:
    kernel = kernel.transpose(1, 2).reshape(count * channels, weight.shape[0], 3, 3)
    y = F.conv_transpose2d(x, kernel, stride=2, groups=count)
  else:
    kernel = kernel.reshape(-1, channels, *weight.shape[2:])
    y = F.conv2d(x, kernel, padding=weight.shape[-1] // 2, groups=count)
  return y.reshape(count, weight.shape[0], *y.shape[2:])


def filtered(x, taps, up, padding):
  """Zeros in between, padding, and a convolution of each channel with the filter."""
  count, channels, height, width = x.shape
  if up > 1:
    x = x.reshape(count, channels, height, 1, width, 1)
    x = F.pad(x, [0, up - 1, 0, 0, 0, up - 1])
    x = x.reshape(count, channels, height * up, width * up)
  x = F.pad(x, [padding[0], padding[1], padding[0], padding[1]])
  kernel = torch.outer(taps, taps) * (4.0 / taps.sum().square())
  return F.conv2d(x, kernel.repeat(channels, 1, 1, 1), groups=channels)


class Peer:
  """The synthesis network of configuration F ("skip")."""

  def __init__(self, weights):
    self.weights = weights
    self.taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    self.const = tensor(weights["synthesis/4x4/const/weight"], (0, 3, 1, 2))
    names = [name.removesuffix("/noise") for name in weights if name.endswith("/noise")]
    self.layers = sorted(names, key=lambda name: (int(name.split("/")[1].split("x")[0]), name))
    self.kernels, self.others = {}, {}
    for name, value in weights.items():
      if name.endswith("/weight") and value.ndim == 4 and "const" not in name:
        kernel = tensor(value, (3, 2, 0, 1)) / math.sqrt(np.prod(value.shape[:3]))
        if name.endswith("conv0/weight"):
          kernel = kernel.flip((2, 3))
        self.kernels[name] = kernel
      elif name.endswith("/noise"):
        self.others[name] = tensor(value[..., 0])[:, None]
      else:
        self.others[name] = tensor(value)

  def style(self, name, w):
    return dense(w, self.others[f"{name}/style/weight"], self.others[f"{name}/style/bias"])

  def layer(self, x, name, w):
    up = name.endswith("conv0")
    x = modulated(x, self.kernels[f"{name}/weight"], self.style(name, w), up)
    if up:
      x = filtered(x, self.taps, 1, (1, 1))
    x = x + self.others[f"{name}/noise"] * self.others[f"{name}/noise_strength"]
    x = x + self.others[f"{name}/bias"].reshape(1, -1, 1, 1)
    return F.leaky_relu(x, 0.2) * GAIN

  @torch.no_grad()
  def __call__(self, codes):
    """[N, layers, w] -> [N, 3, R, R]."""
    x, image = self.const.repeat(len(codes), 1, 1, 1), None
    for row, name in enumerate(self.layers):
      x = self.layer(x, name, codes[:, row])
      block, last = name.rsplit("/", 1)
      if last == "conv0":
        continue
      torgb = f"{block}/torgb"
      style = self.style(torgb, codes[:, row + 1])
      colours = modulated(x, self.kernels[f"{torgb}/weight"], style, False, demodulate=False)
      colours = colours + self.others[f"{torgb}/bias"].reshape(1, -1, 1, 1)
      if image is not None:
        image = filtered(image, self.taps, 2, (2, 1))
      image = colours if image is None else image + colours
    return image


def main():
  with np.load(sys.argv[1]) as file:
    weights = dict(file)
  torch.set_num_threads(int(sys.argv[2]))
  codes = tensor(weights.pop("codes"))
  peer = Peer(weights)
  for line in sys.stdin:
    start = time.perf_counter(), time.process_time()
    image = peer(codes)
    seconds = f"{time.perf_counter() - start[0]} {time.process_time() - start[1]}"
    if line.strip():
      np.save(line.strip(), image.numpy())
    print(seconds, torch.__version__, flush=True)


if __name__ == "__main__":
  main()

"""e4e's and pSp's encoder in plain NumPy, as the original computes it: nothing folded. [N, C, H, W]."""

import numpy as np


def convolve(x, weight, stride=1, bias=None):
  """A correlation padded by half a kernel on all sides."""
  size, sides = weight.shape[2], x.shape[2:]
  pad = size // 2
  x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
  total = 0
  for row in range(size):
    for column in range(size):
      seen = x[:, :, row : row + sides[0] : stride, column : column + sides[1] : stride]
      total = total + np.einsum("oi,nihw->nohw", weight[:, :, row, column], seen)
  return total if bias is None else total + bias[:, None, None]


def normalize(x, tensors, name):
  """Batch normalization with stored statistics."""
  mean, variance = tensors[f"{name}.running_mean"], tensors[f"{name}.running_var"]
  weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
  x = (x - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None]
  return x * weight[:, None, None] + bias[:, None, None]


def slope(x, values):
  """PReLU."""
  return np.maximum(x, 0) + np.minimum(x, 0) * values[:, None, None]


def unit(x, tensors, number, stride):
  """A residual unit."""
  name = f"body.{number}.res_layer"
  shortcut = x[:, :, ::stride, ::stride]
  if f"body.{number}.shortcut_layer.0.weight" in tensors:
    shortcut = convolve(x, tensors[f"body.{number}.shortcut_layer.0.weight"], stride)
    shortcut = normalize(shortcut, tensors, f"body.{number}.shortcut_layer.1")
  y = convolve(normalize(x, tensors, f"{name}.0"), tensors[f"{name}.1.weight"])
  y = convolve(slope(y, tensors[f"{name}.2.weight"]), tensors[f"{name}.3.weight"], stride)
  y = normalize(y, tensors, f"{name}.4")
  gate = convolve(y.mean(axis=(2, 3), keepdims=True), tensors[f"{name}.5.fc1.weight"])
  gate = convolve(np.maximum(gate, 0), tensors[f"{name}.5.fc2.weight"])
  return y / (1 + np.exp(-gate)) + shortcut


def enlarge(x):
  """Twice the size, bilinear, corners stay."""
  side = x.shape[2]
  places = np.linspace(0, side - 1, 2 * side)
  low = np.minimum(places.astype(int), side - 2)
  part = places - low
  x = x[:, :, low] * (1 - part)[:, None] + x[:, :, low + 1] * part[:, None]
  return x[..., low] * (1 - part) + x[..., low + 1] * part


def heads(x, tensors, count):
  """Pictures [N, 3, 256, 256] -> what each head gives, [N, count, d]."""
  tensors = {name: value.astype(np.float64) for name, value in tensors.items()}
  x = normalize(convolve(x, tensors["input_layer.0.weight"]), tensors, "input_layer.1")
  x, taken = slope(x, tensors["input_layer.2.weight"]), []
  for number in range(24):
    x = unit(x, tensors, number, 2 if number in (0, 3, 7, 21) else 1)
    if number in (6, 20, 23):
      taken.append(x)
  fine, middle, coarse = taken
  lateral = [(tensors[f"latlayer{i}.weight"], 1, tensors[f"latlayer{i}.bias"]) for i in (1, 2)]
  middle = enlarge(coarse) + convolve(middle, *lateral[0])
  fine = enlarge(middle) + convolve(fine, *lateral[1])
  codes = []
  for head in range(count):
    x, index = (coarse if head < 3 else middle if head < 7 else fine), 0
    while f"styles.{head}.convs.{index}.weight" in tensors:
      name = f"styles.{head}.convs.{index}"
      x = convolve(x, tensors[f"{name}.weight"], 2, tensors[f"{name}.bias"])
      x, index = np.where(x > 0, x, 0.01 * x), index + 2
    weight, bias = (tensors[f"styles.{head}.linear.{part}"] for part in ("weight", "bias"))
    codes.append(x[:, :, 0, 0] @ weight.T / np.sqrt(weight.shape[1]) + bias)
  return np.stack(codes, axis=1)

"""How strong edges are, by place and direction: what glasses' frames add to a face."""

import math

import numpy as np

_CELL = 8
_DIRECTIONS = 8
# Levels of grey (of 255) a pixel that count as an edge at least half.
_EDGE = 8.0


def oriented_edges(grey: np.ndarray) -> np.ndarray:
  """Edges in cells of 8 x 8 pixels, by direction.

  Args:
    grey: float32 [N, H, W] in [0, 255]; H and W multiples of 8.

  Returns:
    float32 [N, H/8 * W/8 * 8], each the mean over a cell of strengths between 0 and 1 of edges about
    one of eight directions; a direction and its reverse are one.
  """
  down, right = np.gradient(grey, axis=(1, 2))
  size = np.hypot(down, right)
  place = np.mod(np.arctan2(down, right), np.pi) * (_DIRECTIONS / np.pi)
  lower = np.floor(place)
  share = place - lower
  lower = lower.astype(int) % _DIRECTIONS
  strength = size / (size + _EDGE)
  # As in histograms of oriented gradients (Dalal and Triggs, 2005), shared out between neighbours.
  count, height, width = grey.shape
  features = np.empty((count, height // _CELL, width // _CELL, _DIRECTIONS), np.float32)
  for direction in range(_DIRECTIONS):
    parts = strength * (
      (lower == direction) * (1 - share) + ((lower + 1) % _DIRECTIONS == direction) * share
    )
    cells = parts.reshape(count, height // _CELL, _CELL, width // _CELL, _CELL)
    features[..., direction] = cells.mean(axis=(2, 4))
  return features.reshape(count, math.prod(features.shape[1:]))

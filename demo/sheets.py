"""Pictures made of many portraits."""

from pathlib import Path

import numpy as np

_SIDE = 160  # Pixels of a portrait in the pictures.
_MARGIN, _HEADER, _LABEL = 4, 22, 92
_DEVIATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
_PHOTO_ROWS = ("sample", "read back", "released")
_EPSILONS = (0.5, 1.0, 2.0, 4.0, 8.0)


def sheet(rows: list, columns: list[str] | None = None, names: list[str] | None = None):
  """A picture of portraits in rows.

  Args:
    rows: each a list of uint8 [R, R, 3].
    columns: headings, or None.
    names: of the rows, or None.

  Returns:
    A `PIL.Image`.
  """
  from PIL import Image, ImageDraw, ImageFont

  step = _SIDE + _MARGIN
  left, top = (_LABEL if names else 0), (_HEADER if columns else 0)
  size = (left + step * max(map(len, rows)) + _MARGIN, top + step * len(rows) + _MARGIN)
  picture = Image.new("RGB", size, "white")
  draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=13)
  for row, images in enumerate(rows):
    if names:
      middle = top + row * step + step // 2
      draw.text((_MARGIN + 2, middle), names[row], fill="black", font=font, anchor="lm")
    for column, pixels in enumerate(images):
      portrait = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
      picture.paste(portrait, (left + _MARGIN + column * step, top + _MARGIN + row * step))
  for column, text in enumerate(columns or []):
    middle = left + _MARGIN + column * step + _SIDE // 2
    draw.text((middle, top // 2 + 2), text, fill="black", font=font, anchor="mm")
  return picture


def samples(generator, seed: int, rows: int = 3, columns: int = 7):
  """Random avatars."""
  import privai_tf

  z = generator.sample_z(rows * columns, seed=seed)
  pixels = privai_tf.to_uint8(generator.synthesize(z, latent_space="Z"))
  return sheet(np.split(pixels, rows))


def edits(generator, boundaries, seed: int):
  """An avatar a boundary, moved to fixed places on its axis, all else kept."""
  import privai_tf
  from privai_tf.attributes.editing import codes_at_distances

  space = boundaries[0].latent_space

  def draw_codes(count: int, seed: int):
    z = generator.sample_z(count, seed=seed)
    return generator.map(z) if space == "W" else z

  codes, everyone = draw_codes(len(boundaries), seed), draw_codes(1000, seed + 1)
  rows = []
  for code, boundary in zip(codes, boundaries, strict=True):
    spread = np.std(boundary.coordinate(everyone))
    moved = codes_at_distances(code[np.newaxis], boundary, np.array(_DEVIATIONS) * spread)[0]
    rows.append(privai_tf.to_uint8(generator.synthesize(moved, latent_space=space)))
  headings = [f"{d:+.0f} sd" if d else "boundary" for d in _DEVIATIONS]
  return sheet(rows, headings, [b.name for b in boundaries])


def privatized(generator, boundary, seed: int, count: int = 6):
  """Renders beside private versions; the noise is real, so each run gives others."""
  import privai_tf
  from privai_tf.demo.portrait import portraits

  images = portraits(count, seed, generator.resolution)
  spec = privai_tf.InversionSpec(latent_space="W", steps=50)
  inversion = privai_tf.invert(images, generator, spec)
  columns = [images, inversion.images]
  for epsilon in _EPSILONS:
    release = privai_tf.privatize(
      inversion.latents,
      generator,
      boundary,
      privai_tf.PrivacySpec("extremal", epsilon=epsilon, decode="sample"),
      latent_space="W",
    )
    columns.append(generator.synthesize(release.latents, latent_space="W"))
  rows = list(np.stack([privai_tf.to_uint8(c) for c in columns], axis=1))
  headings = ["original", "inversion", *(f"epsilon {e:g}" for e in _EPSILONS)]
  return sheet(rows, headings)


def photo_sheet(private: Path, released: Path, faces: int, side: int):
  """Faces in columns: the sample, what its code draws, and the release.

  Args:
    private, released: the demo's folders.
    faces: the most columns.
    side: of a face.

  Returns:
    A `PIL.Image`.
  """
  from PIL import Image, ImageDraw, ImageFont

  originals = sorted(private.glob("*.original.png"))[:faces]
  step = side + _MARGIN
  sheet = Image.new("RGB", (_LABEL + step * len(originals), step * len(_PHOTO_ROWS)), "white")
  draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
  for row, name in enumerate(_PHOTO_ROWS):
    draw.text((_MARGIN, row * step + side // 2), name, fill="black", font=font, anchor="lm")
  for column, path in enumerate(originals):
    stem = path.name.removesuffix(".original.png")
    pictures = (path, private / f"{stem}.inversion.png", released / f"{stem}.png")
    for row, picture in enumerate(pictures):
      with Image.open(picture) as image:
        small = image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
      sheet.paste(small, (_LABEL + column * step, row * step))
  return sheet

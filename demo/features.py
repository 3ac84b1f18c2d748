"""What is on the face: brows, eyes, nose, mouth, wrinkles, beard and glasses."""

import tensorflow as tf

from privai_tf.demo.canvas import Canvas, darken, mix, over
from privai_tf.demo.head import EYE_X, EYE_Y, MOUTH_Y, NOSE_Y, Head

_SIDES = (-1.0, 1.0)


def draw_wrinkles(image, canvas: Canvas, look, head: Head):
  """Lines of the forehead, from nose to mouth, at the eyes' corners and under them."""
  age = tf.nn.relu(look.age - 0.25) / 0.75
  lines = tf.zeros_like(head.light)
  for y, width in ((-0.40, 0.20), (-0.31, 0.24)):
    lines += canvas.cover(canvas.stroke(0.4 * head.nose_x, y, width, 0.015, 0.014), 0.03)
  folds = tf.zeros_like(head.light)
  for side in _SIDES:
    bag = canvas.stroke(side * EYE_X, EYE_Y + 0.125, 0.10, -0.03, 0.014)
    lines += 0.9 * canvas.cover(bag, 0.03)
    # From beside the nose outward and down to beside the mouth.
    down = canvas.y - 0.33
    fold_x = 0.5 * (head.nose_x + head.mouth_x) + side * (0.20 + 0.25 * down + 0.03 * look.smile)
    fold = tf.maximum(tf.abs(canvas.x - fold_x) - 0.012, tf.abs(down) - 0.11)
    folds += canvas.cover(fold, 0.06)
  amount = 0.42 * age * lines + (0.40 * age + 0.08 * look.smile) * folds
  return darken(image, tf.minimum(amount, 0.5), (0.8, 1.0, 1.0))


def draw_eyes(image, canvas: Canvas, look, head: Head):
  """Brows, whites, irises looking at the camera, lids and catch-lights."""
  brow_color = mix(look.hair * 0.6, look.skin * 0.45, 0.25)
  for side in _SIDES:
    far = 1.0 - 0.09 * side * look.yaw  # The eye that the head turns away is narrower.
    x = side * EYE_X
    brow = canvas.stroke(
      x + 0.01 * side,
      EYE_Y - 0.165 + 0.02 * look.male,
      0.135 * far,
      0.035 - 0.01 * look.male,
      0.017 + 0.019 * look.male,
    )
    image = over(image, brow_color, 0.92 * canvas.cover(brow, 0.02))
    width, height = 0.108 * far, 0.062 - 0.012 * look.smile - 0.008 * look.age
    image = darken(image, 0.28 * canvas.blob(x, EYE_Y - 0.05, 0.14, 0.06), (0.8, 1.0, 1.0))
    opening = canvas.cover(canvas.ellipse(x, EYE_Y, width, height))
    eye = tf.ones_like(image) * tf.constant((0.96, 0.95, 0.94))
    gaze = x + 0.012 * look.yaw
    eye = over(eye, look.iris, canvas.cover(canvas.ellipse(gaze, EYE_Y, 0.056, 0.056)))
    pupil = canvas.cover(canvas.ellipse(gaze, EYE_Y, 0.027, 0.027))
    eye = over(eye, tf.constant((0.04, 0.03, 0.03)), pupil)
    glint = canvas.cover(canvas.ellipse(gaze + 0.02 * look.light, EYE_Y - 0.022, 0.015, 0.015))
    eye = over(eye, tf.constant((1.0, 1.0, 1.0)), glint)
    image = mix(image, eye, opening[..., None])
    lid = canvas.stroke(x, EYE_Y - height, width * 1.1, height * 0.75, 0.017 - 0.005 * look.male)
    lid_color = look.skin * tf.constant((0.20, 0.13, 0.12))
    image = over(image, lid_color, (0.95 - 0.25 * look.male) * canvas.cover(lid, 0.015))
  return image


def draw_nose(image, canvas: Canvas, look, head: Head):
  """The shadow under the tip, nostrils, and a spot of light on the tip."""
  x = head.nose_x
  image = darken(image, 0.30 * canvas.blob(x, NOSE_Y + 0.075, 0.085, 0.028), (0.8, 1.0, 1.0))
  for side in _SIDES:
    nostril = canvas.blob(x + side * 0.04, NOSE_Y + 0.065, 0.022, 0.015)
    image = darken(image, 0.5 * nostril, (0.85, 1.0, 1.0))
  return image + 0.12 * canvas.blob(x + 0.02 * look.light, NOSE_Y - 0.01, 0.03, 0.04)[..., None]


def draw_beard(image, canvas: Canvas, look, head: Head):
  """Beard and moustache on cheeks, lip and chin, around the mouth."""
  jaw = canvas.cover(canvas.ellipse(head.mouth_x * 0.5, 0.08, 0.40, 0.40) * -1.0, 0.10)
  jaw *= canvas.cover(0.10 - canvas.y, 0.25) * canvas.cover((head.radius - 1.0) * 0.5)
  moustache = canvas.cover(
    canvas.stroke(head.mouth_x, MOUTH_Y - 0.095, 0.20 + 0.04 * look.smile, 0.05, 0.045), 0.04
  )
  chin = canvas.cover(canvas.ellipse(head.mouth_x, 0.68, 0.24, 0.16), 0.08)
  amount = tf.minimum(tf.maximum(jaw, tf.maximum(moustache, chin)), 1.0)
  color = mix(look.hair * 0.8, look.skin * 0.35, 0.15) * (0.6 + 0.45 * head.light)[..., None]
  return over(image, color, 0.92 * look.beard * amount)


def draw_mouth(image, canvas: Canvas, look, head: Head):
  """Closed lips, or a wide smile that shows the teeth."""
  smile, x, t_x = look.smile, head.mouth_x, canvas.x - head.mouth_x
  half = 0.150 + 0.085 * smile
  corner = 0.008 - 0.095 * smile  # How much lower the corners are than the middle.
  t = t_x / half
  arch = tf.nn.relu(1.0 - t * t)
  middle = canvas.y - (MOUTH_Y + corner * t * t)
  woman = 1.0 - look.male
  upper = 0.036 + 0.012 * woman
  lower = (0.044 + 0.018 * woman) * (1.0 - 0.25 * look.age)
  opened = 0.105 * smile
  root = tf.sqrt(arch + 1e-4)
  lips = tf.maximum(-middle - upper * root, middle - (lower + opened) * root)
  natural, painted = look.skin * tf.constant((0.78, 0.50, 0.48)), tf.constant((0.80, 0.22, 0.27))
  rosy = mix(natural, painted, 0.62 * woman[..., None])
  rosy = rosy * (0.72 + 0.35 * head.light)[..., None]
  image = darken(image, 0.25 * canvas.blob(x, MOUTH_Y + lower + opened + 0.05, 0.12, 0.03))
  image = over(image, rosy, canvas.cover(lips) * canvas.cover(tf.abs(t_x) - half, 0.02))
  inside = tf.maximum(tf.maximum(-middle - 0.004, middle - opened * arch), tf.abs(t_x) - half)
  open_amount = tf.clip_by_value(smile * 2.0 - 0.4, 0.0, 1.0)
  gum = tf.constant((0.35, 0.08, 0.09))
  teeth = tf.constant((0.97, 0.96, 0.93))
  covered = canvas.cover(inside) * open_amount
  image = over(image, gum, covered)
  biting = tf.maximum(-middle + 0.004, middle - 0.075 * tf.sqrt(arch + 1e-4))
  image = over(image, teeth, covered * canvas.cover(biting))
  line = canvas.cover(tf.maximum(tf.abs(middle) - 0.010, tf.abs(t_x) - half), 0.02)
  return darken(image, 0.55 * line * (1.0 - open_amount), (0.9, 1.0, 1.0))


def draw_glasses(image, canvas: Canvas, look, head: Head):
  """Dark frames around lenses that shine a little, bridge and temples."""
  y = EYE_Y + 0.025
  frame = tf.fill(tf.shape(head.light), 1e3)
  lens = frame
  for side in _SIDES:
    far = 1.0 - 0.06 * side * look.yaw
    dx = tf.abs(canvas.x - side * (EYE_X + 0.005)) - 0.115 * far
    dy = tf.abs(canvas.y - y) - 0.085
    outside = tf.sqrt(tf.square(tf.nn.relu(dx)) + tf.square(tf.nn.relu(dy)) + 1e-9)
    box = outside + tf.minimum(tf.maximum(dx, dy), 0.0) - 0.055
    frame = tf.minimum(frame, tf.abs(box) - 0.024)
    lens = tf.minimum(lens, box)
    edge = head.center + side * 0.49
    temple_x = tf.abs(canvas.x - 0.5 * (edge + side * 0.37)) - 0.5 * tf.abs(edge - side * 0.37)
    frame = tf.minimum(frame, tf.maximum(temple_x, tf.abs(canvas.y - y + 0.03) - 0.020))
  bridge = tf.maximum(tf.abs(canvas.x) - 0.05, tf.abs(canvas.y - y + 0.035) - 0.022)
  frame = tf.minimum(frame, bridge)
  image = over(image, tf.constant((0.92, 0.97, 1.0)), 0.16 * look.glasses * canvas.cover(lens))
  return over(image, tf.constant((0.07, 0.06, 0.08)), 0.97 * look.glasses * canvas.cover(frame))

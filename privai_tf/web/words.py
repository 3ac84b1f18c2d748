"""What figures mean, for somebody who has never heard of them. The figures are the project's own."""

import html

from privai_tf.artifacts import Guarantee
from privai_tf.jobs.advice import LIKENESS_SECONDS
from privai_tf.jobs.presets import PRESETS
from privai_tf.privacy.figures import number_up, percent_up
from privai_tf.privacy.ledger import Remaining
from privai_tf.privacy.prepared import PreparedRelease
from privai_tf.web.choices import WHOLE_FACE, Choice, question

_STRENGTHS = ((0.6, "Strong protection"), (0.75, "Medium protection"), (0.9, "Weak protection"))
_HARDLY = "Hardly any protection"
_NOT_A_RELEASE = "Preview, not a release"
_DELTA = PRESETS["likeness"].delta
KEEP = f"Keep who it is (about {LIKENESS_SECONDS} seconds)"
STOP = "Stop, and go on with the face from before"
DRAWING = "Drawing what may come out ..."


def meaning(choice: Choice, prepared: PreparedRelease) -> str:
  """What the chosen epsilon means, HTML: how often the best attacker is right.

  Args:
    choice: what is chosen.
    prepared: its calibrated release.
  """
  bound = prepared.attacker_bound
  strength = next((words for most, words in _STRENGTHS if bound <= most), _HARDLY)
  if choice.hidden == WHOLE_FACE:
    about = "Asked any yes-or-no question about your photo"
    how = "with this picture"
  else:
    about = f"Asked “{html.escape(question(choice.hidden))}?”"
    how = "with the value that this picture shows"
  return (
    f'<p class="strength"><b>{strength}</b> <span>{_price(prepared.guarantee)}</span></p>'
    f"<p>{about}, an attacker who guesses blindly is right 50% of the time; {how} at most "
    f"<b>{percent_up(bound)}</b>.</p>{_meter(bound)}"
  )


def _meter(bound: float) -> str:
  """From blind guessing at the left to certainty at the right."""
  share = min(100.0, max(2.0, 200 * (bound - 0.5)))
  return (
    '<div class="meter" aria-hidden="true"><div class="bar">'
    f'<div style="width:{share:.1f}%"></div></div>'
    "<div class='ends'><span>50%: a coin</span><span>100%: certain</span></div></div>"
  )


def not_promised(choice: Choice) -> str:
  """What the chosen scope leaves open, HTML."""
  if choice.hidden == WHOLE_FACE:
    told = (
      "<b>Not hidden:</b> that there was a photo with a face, when you released it, and what others "
      "know of you already."
    )
  else:
    name = html.escape(choice.hidden)
    told = (
      "<b>Not promised:</b> you stay recognizable; who you are is not hidden. Other things in the "
      f"picture may still give the {name} away (a beard tells of gender, grey hair of age): how much is "
      f"measured, not promised. {_everything(choice.likeness)}"
    )
  return f'<div class="warm"><p>{told}</p></div>'


def _everything(likeness: bool) -> str:
  """How to hide everything."""
  if likeness:
    return (
      f"To hide everything, take the photo anew, do not keep who it is, and choose “{WHOLE_FACE}”."
    )
  return f"To hide everything, choose “{WHOLE_FACE}”."


def _price(guarantee: Guarantee) -> str:
  """Epsilon, and delta where there is one."""
  delta = f", delta {number_up(guarantee.delta)}" if guarantee.delta else ""
  return f"epsilon {number_up(guarantee.epsilon)}{delta}"


def keep(missing: str | None) -> str:
  """What it takes to keep who somebody is, HTML.

  Args:
    missing: what it needs and is not there; None: nothing.
  """
  if missing is not None:
    return f'<div class="warm"><p>{html.escape(missing)}</p></div>'
  return (
    '<div class="note"><p><b>Somebody else?</b> Your face was read at a glance. A search keeps who it is: '
    f"about {LIKENESS_SECONDS} seconds of one processor core. Then a single attribute can be hidden, and "
    f"beside epsilon each release costs a delta of {number_up(_DELTA)}: once in {1 / _DELTA:,.0f} times its "
    "promise may fail.</p></div>"
  )


def budget(left: Remaining, guarantee: Guarantee, sample: bool) -> str:
  """What is left of the budget, HTML.

  Args:
    left: of the account.
    guarantee: of the release that is chosen.
    sample: whether it is a sample portrait's.
  """
  share = max(0.0, min(1.0, left.epsilon / left.budget_epsilon))
  after = left.epsilon - guarantee.epsilon
  told = "One more release as chosen would not fit into it."
  if after >= 0 and not left.lacks_delta(guarantee.delta):
    told = f"This release costs {_price(guarantee)}; epsilon {max(0.0, after):.3g} would be left."
  whose = "this sample (for practice: it starts anew with each visit)" if sample else "this photo"
  releases = "1 release" if left.releases == 1 else f"{left.releases} releases"
  return (
    f"<p><b>Budget of {whose}:</b> epsilon {left.epsilon:.3g} of {left.budget_epsilon:g} left after "
    f"{releases}. {told}</p>"
    f'<div class="bar budget" aria-hidden="true"><div style="width:{100 * share:.1f}%"></div></div>'
  )


def release_button(guarantee: Guarantee, before: bool) -> str:
  """What the button says.

  Args:
    guarantee: of the release that is chosen.
    before: whether something of this photo was released already, which the price comes on top of.
  """
  again = "Release once more" if before else "Release"
  return f"{again} (costs {_price(guarantee)})"


def preview_caption() -> str:
  """Above every strip of previews."""
  return _NOT_A_RELEASE

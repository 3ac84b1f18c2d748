"""The page's layout: three numbered steps, experts' choices folded away."""

import dataclasses
from typing import Any

import gradio as gr

from privai_tf.web import parts, words
from privai_tf.web.choices import usual_position
from privai_tf.web.desk import Desk


@dataclasses.dataclass(frozen=True, eq=False)
class Widgets:
  """Everything on the page that changes."""

  session: Any
  banner: Any
  pick: Any
  upload: Any
  samples: Any
  samples_told: Any
  trouble: Any
  taken: Any
  photo: Any
  faces: Any
  again: Any
  progress: Any
  keep_told: Any
  keep: Any
  stop: Any
  waiting: Any
  strength_step: Any
  hidden: Any
  described: Any
  strength: Any
  meaning: Any
  mechanism: Any
  mechanism_told: Any
  decode: Any
  decode_told: Any
  person: Any
  strip: Any
  plot: Any
  open_ends: Any
  statement: Any
  release_waiting: Any
  release_step: Any
  budget: Any
  release: Any
  refused: Any
  result: Any
  pictures: Any
  compare: Any
  image_file: Any
  record_file: Any

  def all(self) -> list[Any]:
    """As a handler's outputs."""
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def build_page(desk: Desk) -> tuple[gr.Blocks, Widgets]:
  """Lays the page out; nothing happens on it yet.

  Args:
    desk: what is behind it.
  """
  with gr.Blocks(title="PrivAI", analytics_enabled=False, delete_cache=(60, 3600)) as page:
    named = {"session": gr.State(None)}
    gr.HTML(parts.HEADER)
    named["banner"] = gr.HTML(parts.LOADING)
    with gr.Column(elem_classes="step", elem_id="step-1"):
      named |= _photo_step()
    with gr.Column(elem_classes="step", elem_id="step-2"):
      named |= _strength_step(desk)
    with gr.Column(elem_classes="step", elem_id="step-3"):
      named |= _release_step()
  return page, Widgets(**named)


def _photo_step() -> dict[str, Any]:
  gr.HTML(parts.heading(1, "Your photo", "One face is enough; it is looked for by itself."))
  named: dict[str, Any] = {"trouble": gr.HTML(visible=False)}
  with gr.Column(visible=True) as named["pick"]:
    named["upload"] = gr.Image(
      sources=["upload", "webcam", "clipboard"],
      type="filepath",
      image_mode=None,
      label="Upload, paste or take a photo",
      height=260,
      interactive=True,
      elem_id="upload",
      buttons=[],
      visible=False,
    )
    named["upload"].preprocess = _as_it_came
    named["samples_told"] = gr.HTML(
      "<p>Or try one of these portraits: they are drawn, and nobody's.</p>", visible=False
    )
    named["samples"] = gr.Gallery(
      label="Sample portraits",
      show_label=False,
      columns=8,
      height="auto",
      object_fit="cover",
      allow_preview=False,
      interactive=False,
      elem_id="samples",
      buttons=[],
      visible=False,
    )
  with gr.Column(visible=False) as named["taken"]:
    named["photo"] = gr.HTML()
    named["faces"] = gr.Radio(
      [], label="Which face?", visible=False, interactive=True, elem_id="faces"
    )
    named["progress"] = gr.HTML()
    named["keep_told"] = gr.HTML(visible=False, elem_id="keep-told")
    named["keep"] = gr.Button(words.KEEP, elem_id="keep", size="md", visible=False)
    named["stop"] = gr.Button(words.STOP, elem_id="stop", size="md", visible=False)
    named["again"] = gr.Button("Take another photo", elem_id="again", size="md")
  return named


def _as_it_came(payload: Any) -> str | None:
  """The path of an upload, which lies in the page's own folder; None if there is none.

  The library's field would open it first, with whatever decoder says that it knows it; what none knows
  would end in a trace that names the file. (A class of ours would do as well, but the library writes a
  file beside the source of each.)
  """
  return None if payload is None else payload.path


def _strength_step(desk: Desk) -> dict[str, Any]:
  gr.HTML(
    parts.heading(2, "What to hide, and how strongly", "Try freely: nothing here is published.")
  )
  named: dict[str, Any] = {"waiting": gr.HTML('<p class="quiet">After your photo.</p>')}
  with gr.Column(visible=False) as named["strength_step"]:
    named["hidden"] = gr.Radio([], label="What shall be hidden?", elem_id="hidden")
    named["described"] = gr.HTML()
    named["strength"] = gr.Slider(
      0,
      len(desk.epsilons) - 1,
      value=usual_position(desk.epsilons),
      step=1,
      label="How strongly? Left hides more, right shows more",
      elem_id="strength",
      buttons=[],
    )
    named["meaning"] = gr.HTML(elem_id="meaning")
    named["open_ends"] = gr.HTML(elem_id="open-ends")
    named["strip"] = gr.HTML(elem_id="strip")
    named["plot"] = gr.HTML(elem_id="plot")
    with gr.Accordion("What is promised, word for word", open=False):
      named["statement"] = gr.HTML(elem_id="statement")
    with gr.Accordion("For experts: mechanism, decoding, whose budget", open=False):
      named["mechanism"] = gr.Radio([], label="Mechanism", elem_id="mechanism")
      named["mechanism_told"] = gr.HTML()
      named["decode"] = gr.Radio([], label="Decoding", elem_id="decode")
      named["decode_told"] = gr.HTML()
      named["person"] = gr.Textbox(
        label="Name of the person in the photo (optional)",
        info="All photos of one name share one budget. Without it, this very picture has its own.",
        max_length=200,
        elem_id="person",
      )
  return named


def _release_step() -> dict[str, Any]:
  gr.HTML(
    parts.heading(
      3, "Release", "Chance is drawn once, and charged. What comes out is what you may publish."
    )
  )
  named: dict[str, Any] = {"release_waiting": gr.HTML('<p class="quiet">After your photo.</p>')}
  with gr.Column(visible=False) as named["release_step"]:
    named["budget"] = gr.HTML(elem_id="budget")
    named["release"] = gr.Button("Release", variant="primary", elem_id="release")
    named["refused"] = gr.HTML(visible=False)
    with gr.Column(visible=False, elem_id="result") as named["result"]:
      named["pictures"] = gr.HTML()
      named["compare"] = gr.HTML(elem_id="compare")
      with gr.Row():
        named["image_file"] = gr.DownloadButton("Download the picture (PNG)", elem_id="image-file")
        named["record_file"] = gr.DownloadButton(
          "Download the promise (JSON)", elem_id="record-file"
        )
      gr.HTML(
        '<p class="quiet">Both may be published. Releasing again and choosing the result that suits you '
        "best is not covered by the promise: decide before you release.</p>"
      )
  return named

"""How the page looks: system fonts, one column, colours that pass WCAG AA in light and dark."""

CSS = """
.gradio-container { max-width: 60rem !important; margin: 0 auto !important; }
.gradio-container, .gradio-container .prose { font-size: 1rem; line-height: 1.5; }
:root { --hide: #0b6e99; --hide-soft: #0b6e9926; --show: #9a4b00; --grey: #6b7280; --edge: #d1d5db;
  --calm: #eef6fa; --warm: #fff4e0; --bad: #a11b1b; --bad-soft: #fdecec; }
.dark { --hide: #6cc5ec; --hide-soft: #6cc5ec33; --show: #ffb35c; --grey: #a3aab5; --edge: #4b5563;
  --calm: #10262f; --warm: #33260d; --bad: #ff9a9a; --bad-soft: #3a1414; }
.gradio-container h1 { font-size: 1.6rem; margin: .6rem 0 .2rem; }
.gradio-container h2 { font-size: 1.2rem; margin: 0; display: flex; align-items: center; gap: .6rem; }
.gradio-container h2 span { background: #0b6e99; border-radius: 50%;
  color: #fff !important; flex: none; width: 1.9rem; height: 1.9rem; display: inline-flex; align-items: center; justify-content: center; }
.gradio-container p { margin: .35rem 0; }
.step { border: 1px solid var(--edge); border-radius: .8rem; padding: 1rem !important; gap: .8rem !important; }
.step .html-container, .gradio-container .html-container { padding: 0 !important; }
#samples { border: 0; padding: 0; } #samples .grid-container { grid-template-columns: repeat(8, minmax(0, 1fr)) !important;
  gap: .4rem; } #samples .grid-wrap { padding: 0; min-height: 0; overflow: visible; }
.quiet, .gradio-container .quiet p { color: var(--body-text-color-subdued); }
.note { background: var(--calm); border-left: .3rem solid var(--hide); border-radius: .4rem; padding: .6rem .9rem; }
.warm { background: var(--warm); border-left: .3rem solid var(--show); border-radius: .4rem; padding: .6rem .9rem; }
.bad { background: var(--bad-soft); border-left: .3rem solid var(--bad); border-radius: .4rem; padding: .6rem .9rem; }
.bar { height: .6rem; border-radius: .3rem; background: var(--edge); overflow: hidden; }
.bar > div { height: 100%; background: var(--hide); }
.meter .bar > div { background: linear-gradient(90deg, var(--hide), var(--show)); }
.ends { display: flex; justify-content: space-between; gap: 1rem; font-size: .85rem; color: var(--body-text-color-subdued); }
.strength { font-size: 1.15rem; display: flex; justify-content: space-between; flex-wrap: wrap; gap: .2rem 1rem; }
figure { margin: 0; } figcaption { font-size: .9rem; color: var(--body-text-color); }
.three { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .6rem; }
.three + .warm { margin-top: .9rem; }
.three img, .photo img, .progress img { width: 100%; border-radius: .5rem; display: block; }
.photo img { max-width: min(26rem, 100%); max-height: 26rem; width: auto; }
.progress { display: grid; grid-template-columns: 6rem 1fr; gap: .8rem; align-items: center; }
.progress .blank { aspect-ratio: 1; border-radius: .5rem; background: var(--edge); }
.strip .mark { display: inline-block; border: 2px dashed var(--show); color: var(--show); font-weight: 600;
  border-radius: .4rem; padding: .05rem .6rem; }
.columns { display: grid; grid-template-columns: repeat(5, minmax(4.6rem, 1fr)); gap: .2rem; overflow-x: auto; width: 0; min-width: 100%; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.gradio-container button.label-wrap { text-align: left; }
.columns > div { border: 2px solid transparent; border-radius: .5rem; padding: .2rem; }
.columns > div.chosen { border-color: var(--hide); }
.columns img { width: 100%; display: block; margin-bottom: .25rem; border-radius: .3rem; opacity: .92; }
.columns p { text-align: center; font-size: .85rem; margin: 0; line-height: 1.3; }
.where svg { width: 100%; height: auto; display: block; }
.where .eyes { color: var(--body-text-color-subdued); }
svg path.public { fill: var(--grey); fill-opacity: .35; stroke: var(--grey); stroke-width: 1; }
svg path.released { fill: var(--hide-soft); stroke: var(--hide); stroke-width: 3; }
svg line.axis { stroke: var(--grey); } svg line.here { stroke: var(--show); stroke-width: 3; stroke-dasharray: 7 4; }
svg circle.here { fill: var(--show); }
.gradio-container ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .3rem 0 0; padding: 0;
  font-size: .9rem; }
.legend li { display: flex; align-items: center; gap: .4rem; margin: 0; }
.legend i { width: 1.3rem; height: .8rem; display: inline-block; }
.legend i.public { background: var(--grey); opacity: .5; }
.legend i.released { border: 3px solid var(--hide); }
.legend i.here { height: 0; border-top: 3px dashed var(--show); }
#strength .head input[type=number], #strength .head button, #strength .tab-like-container,
#strength .min_value, #strength .max_value { display: none; }
#strength input[type=range] { min-height: 1.6rem; }
#strength input[type=range]::-webkit-slider-thumb { background: var(--hide) !important; border: 3px solid #fff; width: 24px; height: 24px;
  margin-top: -8px; box-shadow: 0 0 0 1px var(--grey); }
#strength input[type=range]::-moz-range-thumb { background: var(--hide) !important; border: 3px solid #fff; width: 20px; height: 20px; }
.gradio-container p.middle { text-align: center; }
.compare { position: relative; max-width: 26rem; margin: 0 auto; --cut: 50%; border-radius: .5rem; overflow: hidden; }
.compare img { width: 100%; display: block; }
.compare img.after { position: absolute; inset: 0; clip-path: inset(0 0 0 var(--cut)); }
.compare::after { content: ""; position: absolute; top: 0; bottom: 0; left: var(--cut); width: 4px; margin-left: -2px;
  background: #fff; box-shadow: 0 0 0 1px #0008; pointer-events: none; }
.compare span { position: absolute; bottom: .5rem; padding: 0 .5rem; background: #000c; color: #fff; border-radius: .3rem;
  font-size: .85rem; pointer-events: none; } .compare span.left { left: .5rem; } .compare span.right { right: .5rem; }
.gradio-container .compare input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize; }
.compare:has(input:focus-visible) { outline: 4px solid var(--show); outline-offset: 2px; }
.gradio-container :is(button, input, a, label, summary, select, textarea, [tabindex]):focus-visible {
  outline: 3px solid var(--show) !important; outline-offset: 2px; }
.gradio-container label:has(input:focus-visible) { outline: 3px solid var(--show) !important; outline-offset: 2px; }
footer { display: none !important; }
@media (max-width: 40rem) {
  .gradio-container { padding: .4rem !important; } .step { padding: .7rem !important; }
  #samples .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)) !important; }
  .three { gap: .35rem; } figcaption, .columns p, .ends { font-size: .8rem; }
  .progress { grid-template-columns: 4.5rem 1fr; }
  .columns { grid-template-columns: repeat(5, minmax(3rem, 1fr)); gap: .1rem; } .columns > div { padding: .1rem; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
"""

FOCUS_RESULT = """
() => { const one = document.querySelector("#compare input"); if (one && one.offsetParent) one.focus(); }
"""
# A range input says its position; who listens must hear the epsilon.
SCRIPT = """
() => {
  const epsilons = EPSILONS;
  const speak = (range) => {
    const value = epsilons[Number(range.value)];
    range.setAttribute("aria-label", "Protection, from strong to weak");
    range.setAttribute("aria-valuetext", "epsilon " + value);
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("#strength input[type=range]")) speak(event.target);
  });
  const look = () => {
    document.querySelectorAll("#strength input[type=range]").forEach(speak);
    // Its own words name it; the label that the library gives it says something else.
    document.querySelectorAll("#upload button.upload-container").forEach((one) => one.removeAttribute("aria-label"));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  document.documentElement.lang = "en";
}
"""


def theme():
  """Gradio's plain theme with fonts that are on every machine."""
  import gradio as gr

  return gr.themes.Base(
    primary_hue="sky",
    neutral_hue="gray",
    font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "DejaVu Sans", "sans-serif"],
    font_mono=["ui-monospace", "DejaVu Sans Mono", "monospace"],
  ).set(
    button_primary_background_fill="#0b6e99",
    button_primary_background_fill_hover="#095a7d",
    button_primary_text_color="#ffffff",
    button_primary_background_fill_dark="#0b6e99",
    button_primary_background_fill_hover_dark="#095a7d",
    button_primary_text_color_dark="#ffffff",
    body_text_color_subdued="#4b5563",
    body_text_color_subdued_dark="#c3c9d2",
    block_label_text_color="#374151",
    block_label_text_color_dark="#e5e7eb",
    slider_color="#0b6e99",
    slider_color_dark="#6cc5ec",
  )

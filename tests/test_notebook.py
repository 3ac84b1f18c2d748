"""The notebook: clean as it lies here, whole when it is run, and with the API's own figures."""

import ast
import base64
import html
import io
import os
import pathlib
import re
import shutil

import nbformat
import numpy as np
import pytest
from PIL import Image

NOTEBOOK = pathlib.Path(__file__).resolve().parents[1] / "docs" / "PrivAI.ipynb"
STEPS = (
  "1. Pick an image",
  "2. Tune the inversion",
  "3. Get the latent",
  "4. Choose privacy parameters",
  "5. Choose the attribute",
  "6. Generate",
  "Audit the release",
  "With NVIDIA's weights",
)


@pytest.fixture(scope="module")
def notebook():
  return nbformat.read(NOTEBOOK, as_version=4)


def sources(notebook, kind="code"):
  return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_it_is_valid_and_stripped(notebook):
  nbformat.validate(notebook)
  assert set(notebook.metadata) == {"kernelspec", "language_info"}
  assert notebook.metadata.kernelspec.name == "python3"
  for cell in notebook.cells:
    assert not cell.metadata
    if cell.cell_type == "code":
      assert not cell.outputs
      assert cell.execution_count is None
  # As nbformat writes it, so that saving it from an editor changes what was changed.
  assert NOTEBOOK.read_text(encoding="utf-8") == nbformat.writes(notebook) + "\n"


def test_it_has_the_steps_in_order(notebook):
  headings = re.findall(r"^## (.*)$", "\n".join(sources(notebook, "markdown")), re.MULTILINE)
  assert tuple(headings) == STEPS


def test_every_cell_is_plain_python(notebook):
  """No magics: it compiles, and what checks the style of the code checks this too."""
  for number, source in enumerate(sources(notebook)):
    compile(source, f"cell {number}", "exec")


def test_the_first_cell_installs_only_what_is_missing(notebook, monkeypatch):
  import importlib.util
  import subprocess

  calls = []
  monkeypatch.setattr(subprocess, "check_call", calls.append)
  exec(sources(notebook)[0], {})
  assert not calls
  monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
  exec(sources(notebook)[0], {})
  ((*_, target),) = calls
  assert target == "..[notebook]"
  assert (NOTEBOOK.parent / ".." / "setup.cfg").exists()


def test_what_it_imports_is_there(notebook, repository):
  """Without running it, which takes long: no module or name of ours went elsewhere."""
  nodes = [node for source in sources(notebook) for node in ast.walk(ast.parse(source))]
  ours = [
    node
    for node in nodes
    if isinstance(node, ast.ImportFrom) and node.module.startswith("privai_tf")
  ]
  assert len(ours) >= 8
  for node in ours:
    place = repository.joinpath(*node.module.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = file.read_text(encoding="utf-8")
    for alias in node.names:
      known = re.search(rf"\b{alias.name}\b", text) or (place / f"{alias.name}.py").exists()
      assert known, f"{node.module} has no {alias.name}"
  import privai_tf

  public = {
    node.attr
    for node in nodes
    if isinstance(node, ast.Attribute)
    and isinstance(node.value, ast.Name)
    and node.value.id == "privai_tf"
  }
  assert public <= set(privai_tf.__all__)


def test_no_place_of_one_machine_is_named(notebook):
  for cell in notebook.cells:
    assert not re.search(r"(^|[\s\"'`=(])(/|~/|[A-Z]:\\)\w", cell.source), cell.source


def test_nothing_happens_behind_the_cells(notebook):
  """Controls are read where cells run: no callbacks, no names that only an earlier run has made."""
  everything = "\n".join(sources(notebook))
  assert not re.search(r"\.observe\(|on_click|interact|globals\(\)|global ", everything)
  made = set(dir(__builtins__)) | set(__builtins__ if isinstance(__builtins__, dict) else ())
  for source in sources(notebook):
    tree = ast.parse(source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    inside = {id(name) for function in functions for name in ast.walk(function)}
    bound = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    bound |= {function.name for function in functions}
    for node in ast.walk(tree):
      if isinstance(node, ast.Import | ast.ImportFrom):
        bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    read = {name.id for name in names if isinstance(name.ctx, ast.Load) and id(name) not in inside}
    assert read <= made | bound, read - made - bound
    made |= bound


@pytest.fixture(scope="module")
def executed(repository, tmp_path_factory):
  """The notebook, run from top to bottom in a copy of its folder: cell sources -> outputs."""
  from nbclient import NotebookClient

  clone = tmp_path_factory.mktemp("clone")
  portraits = "pictures/portraits"
  shutil.copytree(NOTEBOOK.parent / portraits, clone / "docs" / portraits)
  before = sorted(clone.rglob("*"))
  book = nbformat.read(NOTEBOOK, as_version=4)
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("PYTHONPATH", str(repository), prepend=os.pathsep)  # This tree, however installed.
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
      patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
    where = {"metadata": {"path": str(clone / "docs")}}
    client = NotebookClient(book, timeout=500, startup_timeout=300, resources=where)
    client.execute()  # A cell that fails raises.
  assert sorted(clone.rglob("*")) == before  # What to keep is the user's to say.
  return {cell.source: cell.outputs for cell in book.cells if cell.cell_type == "code"}


def outputs(executed, containing):
  """Text, HTML and pictures of the one cell that contains something."""
  (found,) = [one for source, one in executed.items() if containing in source]
  assert not [one for one in found if one.get("name") == "stderr"], found
  text = "".join(one.text for one in found if one.output_type == "stream")
  data = [one.data for one in found if "data" in one]
  page = "".join(one.get("text/html", "") for one in data)
  encoded = [one["image/png"] for one in data if "image/png" in one]
  return text, page, [Image.open(io.BytesIO(base64.b64decode(one))) for one in encoded]


@pytest.fixture(scope="module")
def api():
  """The same release by the API alone, at the defaults of README and page."""
  import privai_tf
  from privai_tf.inversion.public_codes import public_codes
  from privai_tf.privacy import prepare

  generator = privai_tf.load_generator("avatars")
  boundary = privai_tf.Boundary.load("avatars/smile", latent_space="W")
  public = public_codes(generator, privai_tf.InversionSpec(latent_space="W", steps=0))
  spec = privai_tf.PrivacySpec("extremal", epsilon=1.0, decode="sample")
  prepared = prepare(generator, boundary, spec, "W", public)
  return generator, boundary, public, prepared


@pytest.mark.very_slow
def test_it_runs_from_top_to_bottom_with_the_apis_figures(executed, api):
  from privai_tf.privacy.figures import percent_up
  from privai_tf.web import choices, words

  *_, prepared = api
  bound = percent_up(prepared.attacker_bound)
  text, page, _ = outputs(executed, "choice = choices.Choice(")
  assert "extremal, decoding sample" in text
  choice = choices.Choice("smile", 1.0)
  assert words.meaning(choice, prepared) in page
  assert words.not_promised(choice) in page
  told = re.sub(r"<[^>]*>", "", html.unescape(page))
  assert (
    f"who guesses blindly is right 50% of the time; with the value that this picture shows at most {bound}."
    in told
  )

  text, _, (sheet,) = outputs(executed, "privai_tf.invert(")
  assert "(512,) numbers in W" in text
  assert float(re.search(r"PSNR ([\d.]+) dB", text)[1]) > 25
  assert sheet.size == (2 * 258 - 2, 256)

  text, _, (sheet,) = outputs(executed, "release = privai_tf.privatize(")
  assert text.split() == prepared.guarantee.statement.split()
  assert sheet.size == (3 * 258 - 2, 256)
  _, _, (sheet,) = outputs(executed, "previews.append(")
  assert sheet.size == (4 * 130 - 2, 5 * 130 - 2)
  _, _, (figure,) = outputs(executed, "privai_tf.plot_sweep(")
  assert np.asarray(figure.convert("RGB")).std() > 5


@pytest.mark.very_slow
def test_its_audit_is_the_apis(executed, api):
  from privai_tf.privacy.audit import neighbour_shares, prepare_audit
  from privai_tf.privacy.figures import percent_up

  generator, boundary, public, prepared = api
  text, _, (figure,) = outputs(executed, "found = audit(")
  assert figure.width > 500
  claim, bound = map(float, re.search(r"epsilon ([\d.]+); lower bound ([\d.]+)", text).groups())
  assert claim == prepared.guarantee.epsilon == 1.0
  # Of 20,000 releases each: at most slightly above the claim, and nearly the whole of it.
  assert 0.7 < bound < 1.1
  assert "The claim holds" in text  # A false alarm once in 20,000 runs.
  text, _, _ = outputs(executed, "What the best attacker takes")
  theory, counted, promised = map(float, re.findall(r"([\d.]+)%", text))
  assert text.strip().endswith(f"at most {percent_up(prepared.attacker_bound)}")
  audited = prepare_audit(
    "extremal", 1.0, generator=generator, boundary=boundary, public_codes=public
  )
  upper, lower = neighbour_shares(audited, samples=1).exact
  assert theory == pytest.approx(100 * (1 + np.abs(upper - lower).sum() / 2) / 2, abs=0.06)
  assert theory <= promised
  assert abs(counted - theory) < 2  # Percent; one standard deviation is 0.25.

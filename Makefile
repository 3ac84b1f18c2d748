# make demo   renders portraits, hides their smile, writes a report (first call: installs what that needs)
# make demo-photo   the same with photorealistic faces, two of which stay who they are; downloads their networks (67 MB) and tells the terms
# make web    opens the page for people on http://127.0.0.1:7860           (first call: installs what that needs)
# make notebook   opens docs/PrivAI.ipynb, the six steps with controls, in JupyterLab (first call: installs that)
# make test   the whole test suite but the very slow part         (first call: sets everything up)
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO := $(VENV)/.installed-demo
WEB := $(VENV)/.installed-web
NOTEBOOK := $(VENV)/.installed-notebook
WORKERS ?= 2
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar=on --constraint constraints.txt

.PHONY: demo demo-photo web notebook test lint format bench clean

$(INSTALLED): setup.cfg setup.py pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[dev]'
	touch $(INSTALLED) $(DEMO) $(WEB)

# What the demo needs and no more; where everything is installed already, nothing.
$(DEMO): setup.cfg setup.py pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[align]'
	touch $(DEMO)

demo: $(DEMO)
	$(BIN)/python run_privatize.py --attribute=smile --epsilon=1 --steps=0 --output_dir=demo_output --private_dir=demo_private

demo-photo: $(DEMO)
	$(BIN)/python -m demo.photo

$(WEB): setup.cfg setup.py pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[web]'
	touch $(WEB)

web: $(WEB)
	$(BIN)/python -m privai_tf.web

$(NOTEBOOK): setup.cfg setup.py pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[notebook]'
	touch $(NOTEBOOK)

notebook: $(NOTEBOOK)
	$(BIN)/python -m jupyterlab docs/PrivAI.ipynb

test: $(INSTALLED)
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --durations=15

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.synthesis

clean:
	rm -rf $(VENV) demo_output demo_private demo_photo_input demo_photo_output* demo_photo_private* build dist *.egg-info

# make demo   renders portraits, hides their smile, writes a report (first call: sets everything up)
# make demo-photo   the same with photorealistic faces; downloads their generator (38 MB) and tells its terms
# make test   the whole test suite but the very slow part         (first call: sets everything up)
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORKERS ?= 2
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: demo demo-photo test lint format bench clean

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(INSTALLED)

demo: $(INSTALLED)
	$(BIN)/python run_privatize.py --attribute=smile --epsilon=1 --output_dir=demo_output --private_dir=demo_private

demo-photo: $(INSTALLED)
	$(BIN)/python -m demo.photo

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
	rm -rf $(VENV) demo_output demo_private demo_photo_input demo_photo_output demo_photo_private build dist *.egg-info

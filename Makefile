# Every habit is one word. `make demo` and `make test` work on a fresh machine with Python >= 3.10 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LEAGUE := $(BIN)/league
STAMP  := $(VENV)/.set-up

.PHONY: help setup demo standard test lint format picture slow bench docs clean

help:           ## list these words
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(STAMP) ## make .venv and install everything into it

$(STAMP): pyproject.toml tasks/pictures.txt requirements/dev.txt requirements/learn2learn.txt requirements/setup.sh
	PYTHON="$(PYTHON)" sh requirements/setup.sh $(VENV)
	@touch $(STAMP)

demo: $(STAMP)  ## the main job: six methods on glyphs and emoji, ending with the board (about 5 minutes)
	$(LEAGUE) sweep demo

standard: $(STAMP) ## the standard sweep behind the README's board (about an hour)
	$(LEAGUE) sweep standard

lint: $(STAMP)  ## format, lint, types and the import rule
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint      ## lint and all tests but the slow ones; the pages in a browser where one can be had
	sh requirements/system.sh
	$(BIN)/python -m pytest -m "not slow and not network and not gpu"

picture: $(STAMP) ## take docs/board.png anew, from the standard sweep in tests/browser
	UPDATE_PICTURE=1 $(BIN)/python -m pytest tests/browser/test_picture.py -q

slow: $(STAMP)  ## the tests that take minutes: full coverage simulations, long chaos runs
	$(BIN)/python -m pytest -m slow

bench: $(STAMP) ## our speed and that of other packages, side by side in one run
	$(BIN)/python -m pip install --quiet --requirement requirements/bench.txt
	$(BIN)/python -m bench

docs: $(STAMP)  ## the site of docs/, into build/site
	$(BIN)/mkdocs build --quiet --strict

format: $(STAMP) ## mend format and lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:          ## remove what was built (never a store)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

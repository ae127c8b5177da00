# make demo    install into .venv and show ResNet-50, layer by layer
# make test    everything that CI checks: style, types, import contract, tests, the claims of the lectures
# make test-all   the rare tests too, and every case of those of which 'make test' makes a sample: an hour
# make test-ends      a part of the tests with the oldest and the newest torch, which are installed outside the checkout
# make test-versions  the same with every minor version
# make bench   how fast the analysis is beside other counters
# make claims  what the lectures say, and whether it holds
# make counts  renew the totals that "archstat list" shows
# make reports renew the pages of the written reports, and the picture of the manual
# make messages bring the catalogues of translated messages up to date with the code
# make gallery a site of all architectures beside all networks of timm, in reports/gallery: five minutes
# make docs    the manual as a site, in build/docs
# make dist    the wheel and the sdist, checked in an environment of their own
# make hubs    every network of the tables of libraries, every exported one, and fvcore on every one of ours: long
# make fuzz    thousands of absurd command lines and changed files: each ends with a result or a sentence
# make golden  renew the stored tables that the tests compare with

PYTHON ?= python3
BIN := .venv/bin
LECTURE := alexnet googlenet vgg16 inception_v3 inception_v4 resnet18 resnet50_v1_5 resnet101_v1_5 resnet152_v1_5
# The pip that comes with Python may be years old, and takes twice as long.
VENV := $(PYTHON) -m venv --upgrade-deps .venv
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-all test-ends test-versions lint bench claims counts reports messages gallery docs dist fuzz golden hubs clean

demo: .venv/.demo
	$(BIN)/archstat table resnet50

test: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses logical
	$(BIN)/archstat check --only-unexpected reports/*/claims.toml

test-all: .venv/.test
	ARCHSTAT_TESTS=all OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses logical

test-ends: .venv/.test
	$(BIN)/python tools/with_torch.py ends

test-versions: .venv/.test
	$(BIN)/python tools/with_torch.py all

lint: .venv/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.bench
	$(BIN)/python benchmarks/counters.py

claims: .venv/.demo
	$(BIN)/archstat check reports/*/claims.toml

counts: .venv/.demo
	$(BIN)/python tools/count_all.py

reports: .venv/.test
	$(BIN)/archstat report build reports/*
	$(BIN)/archstat report $(LECTURE) --evaluation canziani2016 --charts accuracy --image svg --output .venv/pictures
	cp .venv/pictures/accuracy-and-what-it-costs-macs.svg docs/pictures/accuracy.svg

messages: .venv/.test
	$(BIN)/python tools/messages.py

gallery: .venv/.test
	$(BIN)/archstat sweep '*' 'timm:*' --store .venv/gallery.db
	$(BIN)/archstat report gallery reports/gallery --store .venv/gallery.db

docs: .venv/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --builder html docs build/docs

dist: .venv/.dist .venv/.demo
	rm -rf dist
	$(BIN)/python tools/count_ahead.py
	$(BIN)/python -m build --outdir dist
	$(BIN)/python tools/check_distributions.py dist

hubs: .venv/.test
	ARCHSTAT_HUBS=1 OMP_NUM_THREADS=1 $(BIN)/pytest -q --numprocesses logical tests/hubs tests/onnx_graphs \
		tests/analysis/test_other_tools.py

fuzz: .venv/.test
	ARCHSTAT_FUZZ=1 OMP_NUM_THREADS=1 $(BIN)/pytest -q --numprocesses logical tests/fuzz

golden: .venv/.test
	ARCHSTAT_RENEW_GOLDEN=1 $(BIN)/pytest -q tests/tables/test_formats.py tests/tables/test_tables.py

.venv/.demo: pyproject.toml constraints.txt
	$(VENV)
	$(INSTALL) --editable '.[all]'
	touch $@

.venv/.test: .venv/.demo
	$(INSTALL) --editable '.[lint,test]'
	$(INSTALL) --force-reinstall --no-deps thop  # ultralytics brings another module of that name, which has its own folder
	$(INSTALL) --upgrade --no-deps --target .venv/ultralytics-thop ultralytics-thop
	touch $@

.venv/.docs: .venv/.demo
	$(INSTALL) --editable '.[docs]'
	touch $@

.venv/.dist: constraints.txt
	$(VENV)
	$(INSTALL) build
	touch $@

.venv/.bench: .venv/.demo
	$(INSTALL) --editable '.[bench]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info

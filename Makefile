# The Python that works in .venv, so that PYTHON=... is needed once only; without one, python3.
PYTHON ?= $(shell .venv/bin/python -c 'print(".venv/bin/python")' 2>/dev/null || echo python3)
BIN := .venv/bin
RUN ?= stale
# How long a thread of torch spins before it sleeps. On two cores that a browser shares, the default makes a
# training step of 2 ms take 50 or more; this one 4, and 2.3 instead of 1.7 where nothing else runs.
export GOMP_SPINCOUNT ?= 1000
# JupyterLab refuses to run as root, which is all that a container has.
ROOT_FLAG := $(if $(filter 0,$(shell id -u)),--allow-root)

# $(call timed,label,command): run the command, and say how long it took and whether it failed.
timed = @echo "── $(1)"; start=$$(date +%s); $(2); status=$$?; \
	echo "── $(1): $$(($$(date +%s) - start)) s$$(test $$status = 0 || echo ', FAILED')"; exit $$status

.PHONY: help lab test pytest check format lint types notebooks build restore colab-check bench clean environment
.NOTPARALLEL:
.DEFAULT_GOAL := help

help: ## Show this list
	@echo "make TARGET, where TARGET is"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  %-12s %s\n", $$1, $$2}'
	@echo "Variables: PYTHON=python3.12 chooses the Python; TORCH=cpu spares 4 GB on Linux without an NVIDIA GPU"
	@echo "(remembered; TORCH=default goes back); LAB_FLAGS=... goes to JupyterLab; RUN=all lets build run every"
	@echo "solution again, as after a change in cnncourse/."

lab: ## Open lesson 0 in JupyterLab; everything it needs is installed first
	@$(PYTHON) bootstrap.py lab
	@exec $(BIN)/python -m jupyterlab $(ROOT_FLAG) \
		--LabApp.default_url=/lab/tree/lessons/00_start_here.ipynb $(LAB_FLAGS)

test: check pytest ## Run all checks and tests; everything they need is installed first

# One thread per worker: two workers that both think they own all cores are slower than one.
pytest: environment
	$(call timed,tests and notebooks,OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist=loadfile --nbval-lax \
		--nbval-current-env --nbval-cell-timeout=120 --durations=10 tests cnncourse lessons solutions)

check: format lint types notebooks ## Check format, style, types, and that the notebooks are up to date

# Targets of their own, so that `make --keep-going test` shows all that fails.
format: environment
	$(call timed,ruff format,$(BIN)/ruff format --check --quiet .)

lint: environment
	$(call timed,ruff check,$(BIN)/ruff check --output-format concise .)

types: environment
	$(call timed,mypy,$(BIN)/mypy)

notebooks: environment
	$(call timed,build.py --check,$(BIN)/python course/build.py --check)

build: environment ## Make lessons/ and solutions/ from course/; run the solutions that changed
	$(call timed,build.py,$(BIN)/python course/build.py --execute $(RUN))

restore: environment ## Put lessons/ and solutions/ back as they were built, losing what you typed there
	$(call timed,build.py,$(BIN)/python course/build.py)

colab-check: environment ## Run every solution with exactly the packages of Google Colab
	$(call timed,colab-check,$(BIN)/python tests/colab/colab_check.py)

bench: environment ## Measure training beside Keras and others, and starting; an idle machine, about 25 minutes
	$(call timed,mnist,$(BIN)/python tests/benchmarks/mnist.py)
	$(call timed,steps,$(BIN)/python tests/benchmarks/steps.py)
	$(call timed,starting,$(BIN)/python tests/benchmarks/starting.py)
	@$(BIN)/python tests/benchmarks/report.py

clean: ## Remove the environments and everything else that can be made again
	rm -rf .venv .venv-colab .venv-bench .benchmarks build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

environment:
	@$(PYTHON) bootstrap.py test

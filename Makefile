# Each target that runs something first makes .venv with the tested versions; a second call
# installs nothing.
PYTHON ?= python3
BIN = .venv/bin
READY = .venv/.installed
BENCHMARKS = speed_fit speed_tabular speed_predict speed_predict_signals speed_search speed_import speed_images threads \
	speed_threads busy_neighbour \
	accuracy_tabular accuracy_series accuracy_images accuracy_signals choices_signals choices_networks accuracy_few_signals \
	speed_text accuracy_text accuracy_long_text speed_long_texts speed_long_signals word2vec_speed word2vec_quality accuracy_words

EXAMPLES = compare_regressors compare_image_classifiers transfer_digits compare_text_classifiers \
	finetune_pretrained word_vectors forecasting_demand telling_intents project_from_series choosing_between_ten_models \
	compare_tabular perceptron_or_convolutions

# They fetch data, or read them from the folder that SKDL_DATA names.
DATA_EXAMPLES = sensor_windows appliance_currents

PAGES = docs/*.rst docs/user_guide/*.rst docs/coming_from/*.rst

.PHONY: demo examples examples-data test test-all quick test-oldest lint format docs docs-check types newcomers site-check wheel bench \
	gpu-check clean

demo: $(READY)
	$(BIN)/python examples/compare_regressors.py

examples: $(READY)
	for name in $(EXAMPLES); do $(BIN)/python examples/$$name.py || exit 1; done

examples-data: $(READY)
	for name in $(DATA_EXAMPLES); do $(BIN)/python examples/$$name.py || exit 1; done

test: $(READY)
	$(BIN)/python -m pytest -n auto -m "not slow" --durations=10

# Lint, and the tests of the house and of modules that most changes touch: under 90 seconds.
quick: lint
	$(BIN)/python -m pytest -n auto -m "not slow" -q tests/test_house.py tests/engine tests/modules \
		tests/preprocessing tests/_reading

# The oldest versions that pyproject.toml allows, in an environment of their own.
test-oldest:
	test -x .venv-oldest/bin/python || $(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-oldest.txt \
		-e ".[test]"
	.venv-oldest/bin/python -m pytest -n auto -m "not slow"

test-all: $(READY)
	$(BIN)/python -m pytest -n auto

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The site, with all examples run: docs/_build/html/index.html.
docs: $(BIN)/.docs-installed
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs docs/_build/html

# The code of all pages; no browser is needed.
docs-check: $(BIN)/.docs-installed
	$(BIN)/python -m pytest -n auto -q --doctest-glob="*.rst" $(PAGES)
	$(BIN)/codespell

# mypy and pyright on scripts as users write them.
types: $(BIN)/.docs-installed
	$(BIN)/python -m pytest -q -m slow tests/test_types.py

# The estimators of CONTRIBUTING.md: types, and all laws.
newcomers: $(READY)
	$(BIN)/python -m pytest -q -m slow tests/test_contributing.py

# The built site in Chromium (Debian: chromium and chromium-driver): console, images, width, search.
site-check: $(BIN)/.docs-installed
	$(BIN)/python tests/check_site.py docs/_build/html output/site

# Wheel and sdist in dist/, and the wheel tried in an empty environment, then with each extra alone, in
# environments that see the first one by a path file.
WHEEL_EXTRAS = text plot pretrained distributed fast vision
WHEEL_INSTALL = bin/python -m pip install --quiet --disable-pip-version-check -c $(CURDIR)/constraints.txt
wheel: $(BIN)/.docs-installed
	rm -rf dist output/wheel*
	$(BIN)/python -m build --outdir dist .
	$(PYTHON) -m venv output/wheel
	cp tests/check_wheel.py README.md output/wheel/
	cd output/wheel && $(WHEEL_INSTALL) $(CURDIR)/dist/*.whl && bin/python -I check_wheel.py README.md
	set -e; for extra in $(WHEEL_EXTRAS); do \
		$(PYTHON) -m venv output/wheel-$$extra; \
		(cd output/wheel-$$extra; echo $(CURDIR)/output/wheel/lib/python*/site-packages > \
			$$(echo lib/python*/site-packages)/base.pth; \
		$(WHEEL_INSTALL) "$$(echo $(CURDIR)/dist/*.whl)[$$extra]"; \
		bin/python -I ../wheel/check_wheel.py ../wheel/README.md $$extra); \
	done

bench: $(READY)
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py --write || exit 1; done

gpu-check: $(READY)
	$(BIN)/python benchmarks/speed_gpu.py
	$(BIN)/python benchmarks/word2vec_speed.py --parts gpu
	$(BIN)/python -m pytest -m gpu

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "skdl needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $(READY)

$(BIN)/.docs-installed: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]" \
		basedpyright build selenium
	touch $@

clean:
	rm -rf .venv .venv-oldest output build dist docs/_build docs/auto_examples docs/generated *.egg-info

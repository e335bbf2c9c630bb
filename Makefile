# Each target that runs something first makes .venv with the tested versions; a second call
# installs nothing.
PYTHON ?= python3
BIN = .venv/bin
READY = .venv/.installed
BENCHMARKS = speed_fit speed_predict speed_predict_signals speed_search speed_import speed_images threads \
	speed_threads busy_neighbour \
	accuracy_series accuracy_images accuracy_signals choices_signals accuracy_few_signals \
	speed_text accuracy_text accuracy_long_text speed_long_texts speed_long_signals word2vec_speed word2vec_quality accuracy_words

EXAMPLES = compare_regressors compare_image_classifiers transfer_digits compare_text_classifiers \
	finetune_pretrained word_vectors

# They fetch data, or read them from the folder that SKDL_DATA names.
DATA_EXAMPLES = sensor_windows appliance_currents

.PHONY: demo examples examples-data test test-all lint format bench gpu-check clean

demo: $(READY)
	$(BIN)/python examples/compare_regressors.py

examples: $(READY)
	for name in $(EXAMPLES); do $(BIN)/python examples/$$name.py || exit 1; done

examples-data: $(READY)
	for name in $(DATA_EXAMPLES); do $(BIN)/python examples/$$name.py || exit 1; done

test: $(READY)
	$(BIN)/python -m pytest -n auto -m "not slow"

test-all: $(READY)
	$(BIN)/python -m pytest -n auto

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

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

clean:
	rm -rf .venv output build *.egg-info

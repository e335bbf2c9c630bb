"""What each parameter and attribute is, said once; the class docstrings are put together here."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from textwrap import indent
from typing import Any, dataclass_transform

from ._estimator import TorchEstimator

# name: (type, meaning). The default comes from the class.
PARAMETERS: dict[str, tuple[str, str]] = {
    "hidden_size": ("int", "Features of the hidden state, at least 1."),
    "n_layers": ("int", "Layers, one over the other, at least 1."),
    "bidirectional": ("bool", "Whether to read each sequence backwards too."),
    "pooling": (
        '{"mean", "max", "attention"}; "last" (recurrent), "cls" (Transformers)',
        "How the states of all steps become one: their mean, their maximum, a mean whose weights\n"
        'are learned; in recurrent networks with "last" that of the last real step (never of\n'
        'padding), in Transformers with "cls" that of a step of its own before the others.',
    ),
    "dropout": (
        "float",
        "Part of the features that is zeroed in training, before the head and in or between\n"
        "layers; in [0, 1).",
    ),
    "d_model": ("int", "Features of each token or patch, at least 1."),
    "n_heads": ("int", "Heads of the attention; must divide ``d_model``."),
    "dim_feedforward": (
        "int or None",
        "Hidden features of the feed-forward networks; None is 4 times ``d_model``.",
    ),
    "positional": (
        '{"rotary", "sinusoidal", "learned"}',
        'How the network knows the order of tokens: "rotary" turns queries and keys by their\n'
        'position, "sinusoidal" adds fixed waves to the tokens, "learned" learned vectors.',
    ),
    "max_length": (
        "int",
        "Most tokens of a text that the Transformer sees: of a longer one its first and its last\n"
        "half of so many. The linear model beside it sees all.",
    ),
    "input_type": (
        '{"auto", "text", "numeric"}',
        'What the rows of X are; "auto" takes what holds a str for text.',
    ),
    "tokenizer": (
        '{"word", "bpe", "wordpiece", "char"} or tokenizers.Tokenizer',
        "How texts are cut: a kind, trained on the training rows in ``fit``, or one trained\n"
        'before, used as it is. "word" takes words, signs and single Chinese characters, "char"\n'
        'every character; "bpe" and "wordpiece" find pieces of words.',
    ),
    "vocab_size": ("int", "Most tokens of a tokenizer trained in ``fit``, at least 3."),
    "min_frequency": (
        "int",
        'How often a token must occur to be known (in "bpe" and "wordpiece": a pair to be\n'
        "joined), at least 1.",
    ),
    "lowercase": ("bool", "Whether texts are lowercased first."),
    "token_dropout": (
        "float",
        "Part of the tokens that is made unknown in training, or of the patches that is hidden;\n"
        "in [0, 1).",
    ),
    "embeddings": (
        "mapping, fitted Word2VecTransformer or None",
        "Vectors of words to begin with: word -> array of shape (size,). Other tokens are drawn\n"
        "alike. A linear map follows where ``size`` is not ``d_model``.",
    ),
    "pretrained": (
        "str, path or None",
        "A checkpoint to start from in place of an own tokenizer and network: a local folder or\n"
        "the name of a model of the Hugging Face hub, with weights in safetensors.",
    ),
    "n_channels": (
        "int or None",
        "Channels of each step when X is flat: (n_samples, n_steps * n_channels), the channels\n"
        "of one step together. None reads a 2-D X as sequences of one channel.",
    ),
    "standardize": (
        "bool",
        "Whether each channel, and y in regressors, is scaled to mean 0 and variance 1 inside;\n"
        "learned from the training rows of ``fit`` only.",
    ),
    "linear_model": (
        "bool",
        "Whether a linear model stands beside the network. In recurrent regressors a straight\n"
        "line through the last steps, fitted in closed form to all rows of ``fit``; the network\n"
        "learns what it leaves, and the rows that validate decide how much of that counts. It\n"
        "sees at most 256 numbers, so there is none for more channels. In Transformers on text a\n"
        "support vector machine on n-grams of words and characters, whose scores are added to the\n"
        "network's in prediction; there is none on numbers.",
    ),
    "loss": (
        '{"squared_error", "absolute_error", "huber", "quantile"}',
        'What is minimised, on standardized y. "huber" is squared up to an error of one\n'
        "standard deviation of y, absolute beyond.",
    ),
    "quantiles": (
        "tuple of float or None",
        'Levels for ``loss="quantile"``, sorted, each in (0, 1); None means (0.1, 0.5, 0.9). The\n'
        "median is always estimated too: it is what ``predict`` gives.",
    ),
    "channels": (
        "tuple of int",
        "Width of each block of the network, at least 1 each; the size halves from block to block\n"
        "where there is room.",
    ),
    "architecture": (
        '{"auto", "plain", "resnet", "fcn"} or callable',
        '"plain" stacks convolutions, batch normalization, rectifiers and pooling; "resnet" has\n'
        'residual blocks; "fcn" is for signals, with convolutions of several scales; "auto" is\n'
        '"plain" for images and "fcn" for signals. A callable is given the shape of one row as\n'
        "torch has it, (n_channels, height, width) or (n_channels, n_steps), and the number of\n"
        "classes, and returns a ``torch.nn.Module`` that makes scores (n, n_classes) of rows\n"
        "(n, *shape).",
    ),
    "kernel_size": (
        "int",
        'Side of the convolutions, odd, in pixels or steps; in "fcn" a third of it, whose\n'
        "convolutions also skip steps: they see 9, 17 and 33 by default.",
    ),
    "kind": (
        '{"auto", "image", "signal"}',
        'What the rows of X are. "auto" takes a 2-D X without ``image_shape`` for signals, all\n'
        "else for images.",
    ),
    "image_shape": (
        "tuple of int or None",
        "Shape of one row of X: (height, width) or (height, width, n_channels), row by row when\n"
        'flattened; for ``kind="signal"`` (n_steps, n_channels). None takes the shape of X.',
    ),
    "normalize": (
        "bool",
        "Whether each channel is scaled to mean 0 and variance 1 inside; learned from the\n"
        "training rows of ``fit`` only.",
    ),
    "augment": (
        '{"shift", "flip", "crop-flip", "randaugment"}, callable or None',
        'How rows are changed at random in training, each time anew: "shift" moves by up to an\n'
        '8th of the side, "flip" mirrors every second image left to right (a signal in time),\n'
        '"crop-flip" does both, "randaugment" does two of turning, shearing, moving, stretching,\n'
        "brightness, contrast, sharpness, noise and cutting out (on signals: those that there\n"
        "are in one dimension). A callable is given a batch of normalized rows (n, n_channels,\n"
        "height, width) or (n, n_channels, n_steps) on the device and returns one of that shape.\n"
        "The changes are sized for normalized rows.",
    ),
    "mixup": (
        "float",
        "When above 0, training rows are mixed in pairs, and their losses with them, in a\n"
        "proportion drawn from Beta(mixup, mixup).",
    ),
    "label_smoothing": (
        "float",
        "Part of the target that is spread over all classes in training, in [0, 1).",
    ),
    "backbone": (
        "torch.nn.Module, fitted CNNClassifier, str or None",
        "A trained network to start from in place of ``architecture``: a module, a fitted\n"
        "``CNNClassifier``, or the name of a network of timm or torchvision.",
    ),
    "freeze": (
        "bool or int",
        "What of the backbone or the pretrained checkpoint is kept as it is, statistics of batch\n"
        "normalization too: all, nothing, or so many first blocks.",
    ),
    "backbone_lr_factor": (
        "float",
        "Learning rate of the backbone, as a part of ``lr``; above 0.",
    ),
    "class_weight": (
        'dict, "balanced" or None',
        'Weight of each label; "balanced" makes all classes weigh the same. Multiplied by\n'
        "``sample_weight``.",
    ),
    "max_epochs": (
        'int or "auto"',
        'Most passes over the training rows, at least 1. "auto" is 100 in recurrent networks; in\n'
        "convolutional ones what makes 1,200 steps of the optimizer, but at least 20 and at most\n"
        "60; in Transformers 500 steps, 3 to 8 epochs, on text, 600, 15 to 100, on numbers, and\n"
        "with ``pretrained`` 500, 2 to 5, but 60 steps at least (a head alone: 10 to 100 epochs).",
    ),
    "batch_size": (
        'int or "auto"',
        'Rows per step of the optimizer. "auto" is an 8th of the rows in recurrent networks,\n'
        "rounded down to a power of 2, between 8 and 64; in convolutional ones 16, fewer of under\n"
        "64 rows and a 40th of over 640, at most 128; in Transformers rows of 1,500 tokens in all\n"
        "on text, 16 on numbers and with ``pretrained``, changed likewise, at most 64 (32 with\n"
        "``pretrained``). A single row that would be left joins the batch before. Sequences of\n"
        "unequal length are batched by length, and a Transformer takes fewer rows where they have\n"
        "over 16,384 tokens or patches, padding counted (4,096 with ``pretrained``).",
    ),
    "lr": ("float", "Learning rate at its peak, above 0."),
    "optimizer": (
        '{"sgd", "adagrad", "rmsprop", "adam", "adamw"}',
        'The optimizer; "sgd" has momentum 0.9.',
    ),
    "weight_decay": (
        "float",
        'Decay of the weights, 0 or more: decoupled for "adamw", an L2 penalty for the others.',
    ),
    "lr_schedule": (
        '{"constant", "linear", "cosine", "one-cycle", "plateau"}',
        'Course of the learning rate. "linear" and "cosine" fall to 0; "one-cycle" rises over\n'
        '30 % of the steps, then falls; "plateau" halves after 3 epochs without a lower loss.',
    ),
    "warmup_fraction": (
        "float",
        "Part of the steps over which the rate first grows from 0; in [0, 1).",
    ),
    "gradient_clip": ("float or None", "Largest norm of the gradient; None does not clip."),
    "early_stopping": (
        'bool or "auto"',
        "Whether to set ``validation_fraction`` of the rows aside, stop when their loss gets no\n"
        'better, and keep the weights that were best on them. "auto" does so in regressors with\n'
        "8 rows or more.",
    ),
    "validation_fraction": (
        "float",
        "Part of the rows of ``fit`` set aside when stopping early; in (0, 1). In classifiers\n"
        "drawn at random, in proportion to the classes; in regressors the last rows, at least 4\n"
        "if there are 8, for in series neighbours overlap.",
    ),
    "n_iter_no_change": ("int", "Epochs without improvement before stopping early."),
    "tol": ("float", "Improvement of the validation loss that counts, relative to the loss."),
    "ema_decay": (
        "float or None",
        "Decay of an exponential moving average of the weights, in [0, 1), 0.999 say; used for\n"
        "validation and prediction. None uses the weights themselves.",
    ),
    "device": (
        "str or torch.device",
        '"auto" is CUDA when there is one, else the CPU. Also "cpu", "cuda" and "cuda:1".',
    ),
    "precision": (
        '{"auto", "float32", "bfloat16", "float64"}',
        '"bfloat16" computes in mixed precision. "auto" does so in training where the network is\n'
        "known to stand it, on CUDA and on CPUs with matrix units (Intel AMX); predictions are in\n"
        'float32. It is "float32" else.',
    ),
    "warm_start": (
        "bool",
        "Whether ``fit`` goes on from the weights of the fit before, and from all else that was\n"
        "learned before training: scales, tokenizer, and the line of regressors. The linear model\n"
        "beside a Transformer is fitted anew.",
    ),
    "random_state": (
        "int, RandomState instance or None",
        "Decides initial weights, validation split, shuffling, dropout and augmentation. None\n"
        "draws anew each time, and leaves numpy's and torch's global random state alone.",
    ),
    "verbose": (
        "int",
        "0 is silent, 1 shows one bar with loss and remaining time, 2 a line per epoch.",
    ),
    "callbacks": (
        "list or None",
        "skorch callbacks, or pairs (name, callback). Copied, never changed. One that watches\n"
        "batches makes the slower loop of skorch run.",
    ),
}

ATTRIBUTES: dict[str, tuple[str, str]] = {
    "classes_": ("ndarray of shape (n_classes,)", "The labels, sorted."),
    "y_mean_, y_scale_": ("ndarray of shape (n_targets,)", "What standardizes y."),
    "n_targets_": ("int", "Columns of y."),
    "quantiles_": ("list of float or None", "Levels estimated, the median among them."),
    "net_": ("skorch.NeuralNet", "The trained net."),
    "module_": ("torch.nn.Module", "The trained module."),
    "history_": (
        "DataFrame",
        "A row per epoch: epoch, train_loss, valid_loss (means of the objective over rows),\n"
        "lr, seconds.",
    ),
    "n_iter_": ("int", "Epochs trained."),
    "best_epoch_": ("int", "Epoch whose weights are kept; 0 is the start."),
    "device_": ("str", "Where the module is."),
    "n_parameters_": ("int", "Trained and fixed weights in all."),
    "n_features_in_": ("int", "Size of X's second dimension; not set by lists of sequences."),
    "n_channels_in_": ("int", "Channels of each step."),
    "kind_": ("str", '"image" or "signal".'),
    "input_shape_": ("tuple of int", "Shape of one row, channels last: (H, W, C) or (T, C)."),
    "input_type_": ("str", '"text" or "numeric".'),
    "tokenizer_": ("tokenizers.Tokenizer or None", "A copy of what cuts texts."),
    "patch_size_": ("int", "Steps of a patch; of numeric sequences only."),
    "vocabulary_": ("dict of str to int", "The row of each word, the most frequent first."),
    "vectors_": ("ndarray of float32 of shape (n_words, vector_size)", "The word vectors."),
    "counts_": ("ndarray of int64 of shape (n_words,)", "How often each word occurred."),
    "idf_": (
        "ndarray of shape (n_words,)",
        'Inverse document frequencies; with ``pooling="idf"`` only.',
    ),
    "component_": (
        "ndarray of shape (vector_size,)",
        'What documents have in common; with ``pooling="sif"`` only.',
    ),
    "n_steps_in_": ("int", "Steps of each sequence; not set by lists of sequences."),
    "feature_names_in_": ("ndarray of shape (n_features_in_,)", "Column names of a DataFrame."),
}


def _section(title: str, entries: list[tuple[str, str, str]]) -> str:
    lines = [f"{name} : {kind}\n{indent(text, '    ')}" for name, kind, text in entries]
    return f"{title}\n{'-' * len(title)}\n" + "\n".join(lines) + "\n\n"


def _own_first(signature: inspect.Signature) -> inspect.Signature:
    """An estimator's own parameters before those that all deep estimators share."""
    shared = {field.name for field in fields(TorchEstimator)}
    ordered = sorted(signature.parameters.values(), key=lambda p: (p.kind, p.name in shared))
    return signature.replace(parameters=ordered)


def _parameters(cls: type) -> str:
    meanings = PARAMETERS | vars(cls).get("_meanings", {})
    entries = []
    for name, parameter in inspect.signature(cls).parameters.items():
        kind, text = meanings[name]
        default = parameter.default
        shown = f'"{default}"' if isinstance(default, str) else default
        entries.append((name, f"{kind}, default={shown}", text))
    return _section("Parameters", entries)


def _attributes(cls: type) -> str:
    learned = {name for base in cls.__mro__ for name in vars(base).get("_learned", ())}
    entries = [(name, *entry) for name, entry in ATTRIBUTES.items() if name in learned]
    return _section("Attributes", entries)


@dataclass_transform()
def deep_estimator(cls: type) -> type:
    """Make a class of annotated parameters an estimator.

    ``__init__`` only assigns, as scikit-learn wants it, and is written from the annotations by
    ``dataclass``; parameter constraints of all bases are joined; the sections Parameters and
    Attributes are put into the docstring before its first section.
    """
    constraints: dict[str, list[object]] = {}
    for base in reversed(cls.__mro__):
        constraints.update(vars(base).get("_parameter_constraints", {}))
    cls._parameter_constraints = constraints  # type: ignore[attr-defined]
    cls = dataclass(repr=False, eq=False, match_args=False)(cls)
    init: Any = vars(cls)["__init__"]
    init.__signature__ = _own_first(inspect.signature(init))
    head, mark, tail = inspect.cleandoc(cls.__doc__ or "").partition("\nNotes\n-----")
    cls.__doc__ = f"{head.strip()}\n\n{_parameters(cls)}{_attributes(cls)}{mark.strip()}{tail}"
    return cls

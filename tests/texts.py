"""Small texts, tokenizers and checkpoints that the tests of text estimators share."""

from __future__ import annotations

from functools import cache
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

GOOD = ["good", "fine", "lovely", "superb"]
BAD = ["bad", "poor", "awful", "dreadful"]
ODD = ["odd", "strange", "weird", "queer"]
OTHERS = ["the", "a", "this", "film", "book", "story", "actor", "scene", "and", "was", "is"]
OTHERS += ["with", "very", "quite", "rather"]
CHINESE = ["好电影", "坏电影", "很好看", "很难看", "这部电影很好", "这部电影很坏"] * 4

ODD_TEXTS = [
    "",
    " \t\n ",
    "zyzzyva qwertyuiop",
    "\N{GRINNING FACE}\N{THUMBS UP SIGN} good",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\u202e\u0645\u0631\u062d\u0628\u0627",
    "\ud800 good \udfff",
    "\x00\x01\x1b[31m\x7f\ufeff",
    "e\u0301 \u00e9 \ufb01 \u1e9e",
    "这部电影很好",
    "a" * 5000,
    ". , ; !" * 40,
    "\U0010ffff\u200d\u2028",
]


def make_texts(
    n_texts: int = 40, n_classes: int = 2, random_state: int = 0
) -> tuple[list[str], np.ndarray]:
    """Texts of 1 to 10 words and their classes: one word tells."""
    rng = np.random.default_rng(random_state)
    y = np.arange(n_texts) % n_classes
    texts = []
    for label in y:
        words = rng.choice(OTHERS, rng.integers(0, 9)).tolist()
        telling = str(rng.choice([GOOD, BAD, ODD][label]))
        words.insert(rng.integers(len(words) + 1), telling)
        texts.append(" ".join(words))
    return texts, y


@cache
def word_tokenizer() -> Tokenizer:
    """A tokenizer that a user might bring."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(
        vocab_size=120, special_tokens=["[UNK]", "[PAD]"], show_progress=False
    )
    tokenizer.train_from_iterator(make_texts(200, 3)[0], trainer)
    return tokenizer


def bert_tokenizer() -> Tokenizer:
    """One with the special tokens of BERT."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(make_texts(200, 3)[0], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def tiny_bert(seed: int = 0, **config: Any) -> Any:
    """A BERT of two layers with random weights."""
    import torch
    import transformers

    sizes = {
        "vocab_size": bert_tokenizer().get_vocab_size(),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 32,
        "initializer_range": 0.5,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return transformers.BertModel(transformers.BertConfig(**{**sizes, **config})).eval()


class Checkpoint(PathLike):
    """A folder with the tiny BERT, made when it is first asked for; copies are plain paths."""

    def __fspath__(self) -> str:
        return checkpoint_folder().name

    def __reduce__(self) -> tuple[Any, ...]:
        return Path, (self.__fspath__(),)


@cache
def checkpoint_folder() -> TemporaryDirectory[str]:
    folder = TemporaryDirectory()
    save_checkpoint(Path(folder.name), tiny_bert(hidden_size=8))
    return folder


def save_checkpoint(folder: Path, model: Any = None) -> str:
    """The tiny BERT with its tokenizer in a folder, as users have them."""
    import transformers

    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bert_tokenizer(),
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    transformers.logging.disable_progress_bar()
    (tiny_bert() if model is None else model).save_pretrained(folder)
    transformers.logging.enable_progress_bar()
    tokenizer.save_pretrained(folder)
    return str(folder)

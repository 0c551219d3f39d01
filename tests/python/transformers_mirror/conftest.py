"""A small byte-level BPE as transformers stores it, and how it loads there and here."""

import json

import pytest
import transformers

from bytestride import Tokenizer
from bytestride.transformers import AutoTokenizer

LEARNED_FROM = "It's the low lower lowest naïve 漢字 of 1234567 fox, and the dog.\n\n " * 5
SPECIAL = ["<|end|>", "<|im_start|>", "<|im_end|>"]
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% generation %}{{ message['content'] }}{% endgeneration %}<|im_end|>\n{% endfor %}"
)
CONFIGS = {
    "gpt2": {"tokenizer_class": "GPT2Tokenizer", "unk_token": "<|end|>"},
    "plain": {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": True},
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """One folder for each class that byte-level BPE has in transformers."""
    tokenizer = Tokenizer.train(LEARNED_FROM, 256 + 80, pattern="gpt2", special_tokens=SPECIAL)
    folders = {}
    for name, config in CONFIGS.items():
        folders[name] = folder = tmp_path_factory.mktemp(name)
        tokenizer.save(folder / "tokenizer.json")
        config = {
            "bos_token": "<|im_start|>",
            "eos_token": "<|end|>",
            "pad_token": "<|end|>",
            "extra_special_tokens": ["<|im_end|>"],
            "model_max_length": 64,
            "chat_template": CHAT,
            **config,
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folders


@pytest.fixture(params=list(CONFIGS))
def folder(request, folders):
    return folders[request.param]


@pytest.fixture
def theirs(folder):
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.fixture
def ours(folder):
    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="session")
def word_piece_folder(tmp_path_factory):
    """A tokenizer of another kind, which stays with transformers."""
    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "low", "##er", "the"]
    (folder / "vocab.txt").write_text("\n".join(words))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    return folder

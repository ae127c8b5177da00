"""Models whose names everybody knows, with what their published configs say beside the library's defaults.

A test compares the parameters of each with the number that was published for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class WellKnown(NamedTuple):
    """The config of a model that is known by its name.

    Attributes:
        repository: The name with its owner's.
        config: What the config says beside the defaults of its model type.
        others: Shorter names.
    """

    repository: str
    config: Mapping[str, Any]
    others: tuple[str, ...] = ()


def _bert(layers: int, width: int, heads: int) -> dict[str, Any]:
    """Devlin et al., BERT, 2018, section 3; 30,522 word pieces as in the files that were published with it."""
    sizes = {"num_hidden_layers": layers, "hidden_size": width, "num_attention_heads": heads}
    fixed = {"intermediate_size": 4 * width, "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2}
    return {"model_type": "bert", "architectures": ["BertForMaskedLM"], **sizes, **fixed}


def _gpt2(layers: int, width: int, heads: int) -> dict[str, Any]:
    """Radford et al., Language Models are Unsupervised Multitask Learners, 2019, table 2; the files have the heads."""
    sizes = {"n_layer": layers, "n_embd": width, "n_head": heads, "vocab_size": 50257, "n_positions": 1024}
    return {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], **sizes}


def _t5(layers: int, width: int, inner: int, heads: int) -> dict[str, Any]:
    """Raffel et al., Exploring the Limits of Transfer Learning, 2020, section 3.7; 32,128 rows in the files."""
    sizes = {"num_layers": layers, "d_model": width, "d_ff": inner, "num_heads": heads, "d_kv": 64, "vocab_size": 32128}
    return {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"], **sizes}


_ALL = (
    WellKnown("google-bert/bert-base-uncased", _bert(12, 768, 12), ("bert-base",)),
    WellKnown("google-bert/bert-large-uncased", _bert(24, 1024, 16), ("bert-large",)),
    WellKnown("openai-community/gpt2-medium", _gpt2(24, 1024, 16)),
    WellKnown("openai-community/gpt2-large", _gpt2(36, 1280, 20)),
    WellKnown("openai-community/gpt2-xl", _gpt2(48, 1600, 25)),
    WellKnown("google-t5/t5-small", _t5(6, 512, 2048, 8)),
    WellKnown("google-t5/t5-base", _t5(12, 768, 3072, 12)),
    WellKnown("google-t5/t5-large", _t5(24, 1024, 4096, 16)),
)

WELL_KNOWN: dict[str, WellKnown] = {
    name: each for each in _ALL for name in (each.repository, each.repository.rpartition("/")[2], *each.others)
}
"""By all names that each is called by."""

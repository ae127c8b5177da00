"""Networks of transformers by model type, config file and name."""

import json

import pytest
import torch

from archstat.analysis.inference import analyse, count_source
from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.networks.hub import HUBS
from archstat.networks.libraries import library_of
from archstat.networks.loading import load
from archstat.networks.settings import Setting
from archstat.networks.torchvision_ops import mend_torchvision

transformers = library_of("hf", "transformers")
mend_torchvision()

SMALL = "num_hidden_layers=2, hidden_size=32, num_attention_heads=2, intermediate_size=64, vocab_size=100"
CONFIG = {
    "model_type": "bert",
    "architectures": ["BertForMaskedLM"],
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "vocab_size": 100,
}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache of downloaded models, and how to put a config into it."""
    constants = library_of("hf", "huggingface_hub").constants
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(library_of("hf", "huggingface_hub").file_download, "HF_HUB_CACHE", str(tmp_path), raising=False)

    def put(name, config):
        folder = tmp_path / f"models--{name.replace('/', '--')}"
        (folder / "refs").mkdir(parents=True)
        (folder / "refs" / "main").write_text("abc")
        (folder / "snapshots" / "abc").mkdir(parents=True)
        (folder / "snapshots" / "abc" / "config.json").write_text(json.dumps(config))

    return put


@pytest.fixture(name="folder")
def a_folder(monkeypatch, tmp_path):
    """A working folder with a config in it, and one in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def put(folder, **fields):
    (folder / "other.json").write_text(json.dumps(fields))
    return "hf:./other.json"


def network(spec):
    return load(spec, Setting()).model


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_model_type_is_its_default_config():
    cost = count_source("hf:bert", Setting())
    assert cost.parameters == 109_482_240  # as published for bert-base-uncased
    assert cost.input_shapes == ((1, 128),) * 3
    assert cost.input_origin == "known"
    assert cost.uncounted == ()
    width, inner, length = 768, 3072, 128
    layer = length * (4 * width * width + 2 * width * inner) + 2 * length * length * width
    assert cost.macs == 12 * layer + width * width  # and the pooler's one row


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("bert-base", 109_514_298),
        ("bert-base-uncased", 109_514_298),
        ("google-bert/bert-large-uncased", 335_174_458),
        ("gpt2-medium", 354_823_168),
        ("gpt2-large", 774_030_080),
        ("openai-community/gpt2-xl", 1_557_611_200),
        ("t5-small", 60_506_624),
        ("t5-base", 222_903_552),
        ("google-t5/t5-large", 737_668_096),
    ],
)
def test_a_name_that_everybody_knows_has_the_published_number_of_parameters(name, parameters):
    assert sum(each.numel() for each in network(f"hf:{name}").parameters()) == parameters


@pytest.mark.parametrize("name", ["./config.json", "config.json", "./model", "model", "{folder}/model"])
def test_a_file_and_a_folder_are_the_config_that_they_hold(folder, name):
    made = network(f"hf:{name.format(folder=folder)}")
    assert type(made).__name__ == "BertForMaskedLM"
    assert made.config.num_hidden_layers == 3


@pytest.mark.parametrize("name", ["somebody/tiny-bert", "tiny-bert"])
def test_a_model_that_was_once_downloaded_is_found_by_its_name(cache, name):
    cache("somebody/tiny-bert", CONFIG)
    assert network(f"hf:{name}").config.num_hidden_layers == 3


def test_a_short_name_that_two_models_have_is_none(cache):
    cache("somebody/tiny-bert", CONFIG)
    cache("another/tiny-bert", CONFIG)
    with pytest.raises(UnknownNameError, match="No model type of transformers is named 'tiny-bert'"):
        network("hf:tiny-bert")


def test_the_names_of_the_hub_are_the_model_types():
    names = list(HUBS.get("hf").names())
    assert {"bert", "llama", "vit", "whisper"} <= set(names)
    assert len(names) == len(set(names)) >= 250


# -- heads -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("", "BertModel"),
        ("#CausalLM", "BertLMHeadModel"),
        ("#causallm", "BertLMHeadModel"),
        ("#ForSequenceClassification", "BertForSequenceClassification"),
        ("#AutoModelForMaskedLM", "BertForMaskedLM"),
        ("#BertForNextSentencePrediction", "BertForNextSentencePrediction"),
    ],
)
def test_a_head_is_the_library_s_class_with_it(head, name):
    assert type(network(f"hf:bert{head}({SMALL})")).__name__ == name


@pytest.mark.usefixtures("folder")
def test_a_head_replaces_what_the_config_says():
    assert type(network("hf:./model#SequenceClassification(num_labels=5)")).__name__ == "BertForSequenceClassification"
    assert network("hf:./model#SequenceClassification(num_labels=5)").classifier.out_features == 5


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("hf:bert#CasualLM", "No head of transformers is named 'CasualLM'. Did you mean 'CausalLM'"),
        ("hf:bert#ImageClassification", "'bert' has no head 'ImageClassification'. It has CausalLM, .*MaskedLM"),
        ("hf:vit#CausalLM", "'vit' has no head 'CausalLM'. It has ImageClassification"),
        ("hf:bert#ViTModel#", "No head of transformers is named 'ViTModel#'"),
    ],
)
def test_a_head_that_there_is_not_is_told(spec, says):
    with pytest.raises(SourceError, match=says):
        count_source(spec, Setting())


# -- fields ------------------------------------------------------------------------------------------------------------


def test_arguments_replace_fields_of_the_config():
    config = transformers.LlamaConfig(num_hidden_layers=2, hidden_size=256)
    expected = transformers.LlamaModel._from_config(config).num_parameters()
    assert count_source("hf:llama(num_hidden_layers=2, hidden_size=256)", Setting()).parameters == expected


def test_a_field_has_both_of_its_names():
    assert network("hf:gpt2(num_hidden_layers=1)").config.n_layer == 1
    assert network("hf:gpt2(n_layer=1)").config.n_layer == 1


def test_a_dictionary_replaces_fields_of_a_config_inside():
    made = network("hf:clip(text_config={'num_hidden_layers': 1}, vision_config={'num_hidden_layers': 2})")
    assert made.config.text_config.num_hidden_layers == 1
    assert made.config.vision_config.num_hidden_layers == 2
    assert made.config.vision_config.hidden_size == transformers.CLIPVisionConfig().hidden_size


@pytest.mark.usefixtures("folder")
def test_fields_that_a_file_says_stay_where_others_are_replaced():
    config = network("hf:./model(num_hidden_layers=1)").config
    assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (1, 32, 100)


def test_a_list_with_an_entry_for_each_layer_is_cut_with_them(folder):
    kinds = ["full_attention", "sliding_attention", "full_attention"]
    spec = put(folder, model_type="qwen2", num_hidden_layers=3, layer_types=kinds)
    assert network(f"{spec}(num_hidden_layers=2)").config.layer_types == kinds[:2]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            "hf:bert(num_hiden_layers=2)",
            "No field of BertConfig is named 'num_hiden_layers'. Did you mean 'num_hidden_",
        ),
        ("hf:clip(vision_config={'hiden_size': 2})", "No field of CLIPVisionConfig is named 'hiden_size'"),
        ("hf:bert(hidden_size='wide')", "does not fit: .*hidden_size"),
        ("hf:bert(hidden_size=33)", "hidden size .*33.* is not a multiple"),
        ("hf:bert(trust_remote_code=True)", "No field of BertConfig is named 'trust_remote_code'"),
        ("hf:bert(2)", "give arguments by name"),
    ],
)
def test_fields_that_do_not_fit_are_refused(spec, says):
    with pytest.raises(SourceError, match=says):
        network(spec)


# -- what is no network ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("hf:brt", "No model type of transformers is named 'brt'. Did you mean 'bert'"),
        ("hf:nobody/llama-9b", "download the config.json .*'hf:./config.json'. .*default sizes: 'hf:llama'"),
        ("hf:nobody/nothing", "config of 'nobody/nothing' is not on this machine, and nothing is fetched"),
        ("hf:#CausalLM", "No model type of transformers is named ''"),
        ("hf:a*/[b]?", "is not on this machine"),
        ("hf:a//b", "is not on this machine"),
        ("hf:" + "x" * 400, "No model type of transformers is named 'xxx"),
    ],
)
def test_a_name_that_is_nowhere_says_what_to_download(no_network, spec, says):
    with pytest.raises(UnknownNameError, match=says):
        count_source(spec, Setting())
    assert no_network == []


def test_nothing_is_asked_of_the_network(no_network):
    count_source(f"hf:bert({SMALL})", Setting())
    network("hf:timm_wrapper(architecture='resnet18')")
    assert no_network == []


def test_what_the_user_set_about_the_network_holds_again_afterwards(monkeypatch):
    constants = library_of("hf", "huggingface_hub").constants
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    count_source(f"hf:bert({SMALL})", Setting())
    assert constants.HF_HUB_OFFLINE is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no JSON"),
        ("[1]", "holds no fields"),
        ("3", "holds no fields"),
        ("{}", "has no 'model_type'"),
        ('{"model_type": 3}', "has no 'model_type'"),
        ('{"model_type": "brt"}', "No model type of transformers is named 'brt'. Did you mean 'bert'"),
        (
            '{"model_type": "own", "auto_map": {"AutoConfig": "a.B"}}',
            "needs code of its repository, which is never run",
        ),
        ('{"architecture": "resnet18", "num_classes": 3}', "one of timm, which calls that network 'timm:resnet18'"),
        ('{"_class_name": "UNet2DModel", "_diffusers_version": "0.30"}', "one of diffusers, for its class UNet2DModel"),
        ('{"peft_type": "LORA", "base_model_name_or_path": "a/b"}', "adapter of PEFT for 'a/b'"),
        ('{"model_cfg": {}}', "one of open_clip"),
        ('{"class_name": "Functional", "module": "keras"}', "one of Keras"),
        ('{"tokenizer_class": "BertTokenizer"}', "that of a tokenizer"),
        ('{"image_processor_type": "ViTImageProcessor"}', "that of a processor"),
        ('{"model_type": "bert", "hidden_size": "wide"}', "has no whole config"),
        ("[" * 100_000, "cannot be read|is no JSON"),
        ("\ud800", "cannot be read"),
    ],
)
def test_a_file_that_is_no_config_says_what_it_is(folder, text, says):
    (folder / "other.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises((SourceError, UnknownNameError), match=says):
        count_source("hf:./other.json", Setting())


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("hf:./nowhere", "There is no file and no folder './nowhere'"),
        ("hf:./nowhere.json", "There is no file and no folder"),
        ("hf:./empty", "has no config.json"),
        ("hf:./a\0b", "There is no file|cannot be read"),
    ],
)
def test_a_path_that_leads_nowhere_says_so(folder, spec, says):
    (folder / "empty").mkdir()
    with pytest.raises(SourceError, match=says):
        count_source(spec, Setting())


def test_a_model_type_that_the_library_has_needs_no_code_of_the_repository(folder):
    spec = put(folder, **CONFIG, auto_map={"AutoConfig": "own.Config"})
    assert type(network(spec)).__module__.startswith("transformers.")


# -- inputs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        ("hf:gpt2(n_layer=1)", {"input_ids": (1, 128), "attention_mask": (1, 128)}),
        ("hf:t5(num_layers=1)", {"input_ids": (1, 128), "attention_mask": (1, 128), "decoder_input_ids": (1, 128)}),
        ("hf:vit(num_hidden_layers=1, image_size=64)", {"pixel_values": (1, 3, 64, 64)}),
        ("hf:vit(num_hidden_layers=1, num_channels=1)", {"pixel_values": (1, 1, 224, 224)}),
        ("hf:whisper(encoder_layers=1)", {"input_features": (1, 80, 3000), "decoder_input_ids": (1, 128)}),
        ("hf:wav2vec2(num_hidden_layers=1)", {"input_values": (1, 16000)}),
        ("hf:videomae(num_hidden_layers=1)", {"pixel_values": (1, 16, 3, 224, 224)}),
        (
            "hf:layoutlm(num_hidden_layers=1)",
            {"input_ids": (1, 128), "attention_mask": (1, 128), "token_type_ids": (1, 128), "bbox": (1, 128, 4)},
        ),
    ],
)
def test_the_input_is_that_of_the_config(spec, shapes):
    given = load(spec, Setting()).kwargs
    assert {name: tuple(tensor.shape) for name, tensor in given.items()} == shapes


def test_masks_are_ones():
    assert bool(load(f"hf:bert({SMALL})", Setting()).kwargs["attention_mask"].eq(1).all())


def test_a_sequence_length_and_a_resolution_are_honoured():
    text = load(f"hf:bert({SMALL})", Setting(sequence=40, batch_size=3))
    assert {tuple(each.shape) for each in text.kwargs.values()} == {(3, 40)}
    image = load("hf:resnet", Setting(resolution=96))
    assert image.kwargs["pixel_values"].shape == (1, 3, 96, 96)


def test_a_text_is_no_longer_than_the_network_has_positions():
    assert load(f"hf:bert({SMALL}, max_position_embeddings=20)", Setting()).kwargs["input_ids"].shape == (1, 20)


def test_a_text_that_is_too_long_is_told():
    with pytest.raises(InputError, match="The forward pass failed"):
        count_source(f"hf:bert({SMALL}, max_position_embeddings=20)", Setting(sequence=21))


def test_macs_grow_with_the_batch():
    one, three = (analyse(f"hf:bert({SMALL})", Setting(batch_size=size)).cost.macs for size in (1, 3))
    assert three == 3 * one


def test_a_classifier_of_texts_finds_where_they_end():
    spec = "hf:bart#SequenceClassification(encoder_layers=1, decoder_layers=1)"
    ids = load(spec, Setting(batch_size=2)).kwargs["input_ids"]
    assert ids.eq(transformers.BartConfig().eos_token_id).sum(1).tolist() == [1, 1]
    assert count_source(spec, Setting(batch_size=2)).uncounted == ()


def test_the_generator_of_random_numbers_is_as_it_was():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    count_source(f"hf:bert({SMALL})", Setting())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        (
            "hf:informer(prediction_length=24)",
            {
                "past_values": (1, 31),
                "past_time_features": (1, 31, 0),
                "past_observed_mask": (1, 31),
                "future_values": (1, 24),
                "future_time_features": (1, 24, 0),
            },
        ),
        ("hf:patchtst(num_hidden_layers=1, num_input_channels=3)", {"past_values": (1, 32, 3)}),
        ("hf:clap_audio_model", {"input_features": (1, 1, 1001, 64), "is_longer": (1, 1)}),
        ("hf:dac", {"input_values": (1, 1, 16000)}),
        ("hf:qwen2_vl_vision(depth=1)", {"hidden_states": (256, 1176), "grid_thw": (1, 3)}),
    ],
)
def test_a_peculiar_model_type_has_an_input_of_its_own(spec, shapes):
    given = load(spec, Setting()).kwargs
    assert {name: tuple(tensor.shape) for name, tensor in given.items()} == shapes
    assert count_source(spec, Setting()).uncounted == ()


QWEN = (
    "hf:qwen2_vl(text_config={'num_hidden_layers': 1, 'hidden_size': 512, 'num_attention_heads': 4, "
    "'num_key_value_heads': 4, 'intermediate_size': 64}, vision_config={'hidden_size': 512, 'depth': 1})"
)


def test_a_text_has_a_token_for_each_that_the_network_makes_of_an_image():
    given = load(QWEN, Setting(sequence=10)).kwargs
    image_token = network(QWEN).config.image_token_id
    assert given["pixel_values"].shape == (16 * 16, 3 * 2 * 14 * 14)  # patches of 14, two frames each
    assert given["input_ids"].eq(image_token).sum() == 16 * 16 / 2**2  # four patches are one token
    assert given["input_ids"].shape == (1, 10 + 64)
    assert given["mm_token_type_ids"].sum() == 64


def test_images_of_a_batch_follow_each_other_where_the_network_takes_rows_of_patches():
    given = load(QWEN, Setting(sequence=10, batch_size=2)).kwargs
    assert given["pixel_values"].shape[0] == 2 * 16 * 16
    assert given["image_grid_thw"].tolist() == [[1, 16, 16]] * 2
    one, two = (count_source(QWEN, Setting(sequence=10, batch_size=size)).macs for size in (1, 2))
    assert two == 2 * one


def test_a_config_whose_sizes_tell_no_input_says_so():
    with pytest.raises(InputError, match=r"Which input does .* take\? Its config does not tell .*: give it\."):
        load("hf:informer(prediction_length=24, lags_sequence=[])", Setting())

"""Networks of OpenCLIP by their names, and by configs."""

import json
import logging

import pytest

from archstat.analysis.inference import count_source
from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.networks.hub import HUBS, names_in
from archstat.networks.libraries import library_of
from archstat.networks.loading import load
from archstat.networks.settings import Setting

open_clip = library_of("open_clip", "open_clip")
hub = library_of("hf", "huggingface_hub")

SMALL = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 50, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(name="folder")
def a_folder(monkeypatch, tmp_path):
    """A working folder with a model in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "open_clip_config.json").write_text(json.dumps({"model_cfg": SMALL}))
    return tmp_path


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """A cache of downloaded models that holds one."""
    for module in (
        library_of("open_clip", "huggingface_hub").constants,
        library_of("hf", "huggingface_hub").file_download,
    ):
        monkeypatch.setattr(module, "HF_HUB_CACHE", str(tmp_path), raising=False)
    files = tmp_path / "models--somebody--clip" / "snapshots" / "abc"
    files.mkdir(parents=True)
    (files / "open_clip_config.json").write_text(json.dumps({"model_cfg": SMALL}))
    refs = tmp_path / "models--somebody--clip" / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")


def shapes_of(spec, **setting):
    return count_source(spec, Setting(**setting)).input_shapes


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B/32"])
def test_an_image_and_a_text_go_in(no_network, name):
    cost = count_source(f"open_clip:{name}", Setting())
    assert cost.parameters == 151_277_313  # as in the library's own table of models
    assert cost.input_shapes == ((1, 3, 224, 224), (1, 77))
    assert cost.input_origin == "known"
    assert cost.uncounted == ()
    assert not no_network


def test_the_network_is_the_one_that_the_library_makes():
    network = open_clip.create_model("RN50")
    cost = count_source("open_clip:RN50", Setting())
    assert cost.parameters == sum(each.numel() for each in network.parameters())


def test_it_is_made_without_values():
    model = load("open_clip:ViT-B-32", Setting()).model
    assert all(each.is_meta for each in model.parameters())


def test_the_log_of_the_process_is_as_it_was(caplog):
    before = list(logging.root.handlers), logging.root.manager.disable
    load("open_clip:ViT-B-32", Setting())
    assert (list(logging.root.handlers), logging.root.manager.disable) == before
    assert caplog.text == ""


@pytest.mark.parametrize("name", ["./model", "./model/open_clip_config.json", "{folder}/model"])
def test_a_folder_is_the_config_that_it_holds(no_network, folder, name):
    cost = count_source(f"open_clip:{name.format(folder=folder)}", Setting())
    assert cost.input_shapes == ((1, 3, 32, 32), (1, 8))
    assert not no_network


@pytest.mark.usefixtures("cache")
def test_a_model_that_was_once_downloaded_is_found_by_its_name(no_network):
    assert shapes_of("open_clip:hf-hub:somebody/clip") == ((1, 3, 32, 32), (1, 8))
    assert not no_network


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        ("open_clip:ViT-B-32(force_image_size=256)", ((1, 3, 256, 256), (1, 77))),
        ("open_clip:ViT-B-32(force_image_size=[256, 192])", ((1, 3, 256, 192), (1, 77))),
        ("open_clip:ViT-B-32(force_context_length=32)", ((1, 3, 224, 224), (1, 32))),
        (f"open_clip:ViT-B-32(vision_cfg={SMALL['vision_cfg']})", ((1, 3, 32, 32), (1, 77))),
    ],
)
def test_arguments_change_what_goes_in(spec, shapes):
    assert shapes_of(spec) == shapes


def test_other_sizes_go_in_where_the_network_takes_them():
    assert shapes_of("open_clip:convnext_base", resolution=256) == ((1, 3, 256, 256), (1, 77))
    assert shapes_of("open_clip:ViT-B-16-SigLIP", sequence=32) == ((1, 3, 224, 224), (1, 32))
    assert shapes_of("open_clip:ViT-B-32", resolution=224, sequence=77) == ((1, 3, 224, 224), (1, 77))


@pytest.mark.parametrize(
    ("name", "setting", "says"),
    [
        ("ViT-B-32", {"resolution": 256}, "takes images of 224×224.*'force_image_size=256' makes it for others"),
        ("ViT-B-32", {"sequence": 32}, "takes texts of 77 tokens.*'force_context_length=32' makes it for others"),
        ("ViT-B-16-SigLIP", {"sequence": 65}, "takes texts of at most 64 tokens.*'force_context_length=65'"),
    ],
)
def test_a_size_that_the_network_cannot_take_is_told_with_the_argument_that_changes_it(name, setting, says):
    with pytest.raises(InputError, match=says):
        count_source(f"open_clip:{name}", Setting(**setting))


def test_a_text_network_whose_config_is_elsewhere_is_told(no_network, monkeypatch, tmp_path):
    constants = library_of("open_clip", "huggingface_hub").constants
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert "roberta-ViT-B-32" not in names_in(HUBS.get("open_clip"))
    with pytest.raises(
        SourceError, match="has the text network 'roberta-base' of transformers, whose config is not on"
    ):
        count_source("open_clip:roberta-ViT-B-32", Setting())
    assert not no_network


def test_a_text_network_whose_config_is_in_the_cache_is_built(no_network, monkeypatch, tmp_path):
    for module in (hub.constants, hub.file_download):
        monkeypatch.setattr(module, "HF_HUB_CACHE", str(tmp_path), raising=False)
    files = tmp_path / "models--roberta-base" / "snapshots" / "abc"
    files.mkdir(parents=True)
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    (files / "config.json").write_text(json.dumps({"model_type": "roberta", "vocab_size": 50, **small}))
    (tmp_path / "models--roberta-base" / "refs").mkdir()
    (tmp_path / "models--roberta-base" / "refs" / "main").write_text("abc")
    cost = count_source("open_clip:roberta-ViT-B-32", Setting(sequence=16))
    assert cost.input_shapes == ((1, 3, 224, 224), (1, 16))
    assert not no_network


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("open_clip:ViT-B-31", "No network of OpenCLIP is named 'ViT-B-31'. Did you mean 'ViT-B-32'"),
        (
            "open_clip:hf-hub:some/clip",
            "The config of 'hf-hub:some/clip' is not on this machine, and nothing is fetched",
        ),
    ],
)
def test_an_unknown_name_says_what_to_do(no_network, spec, says):
    with pytest.raises(UnknownNameError, match=says):
        count_source(spec, Setting())
    assert not no_network


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("open_clip:ViT-B-32(pretrained='openai')", "weights change no count .* leave out pretrained"),
        ("open_clip:ViT-B-32(vision_cfg={'timm_model_pretrained': True})", "leave out timm_model_pretrained"),
        ("open_clip:ViT-B-32(text_cfg={'hf_model_pretrained': True})", "leave out hf_model_pretrained"),
        (
            "open_clip:ViT-B-32(force_imagesize=1)",
            "No argument of OpenCLIP is named .* Did you mean 'force_image_size'",
        ),
        ("open_clip:ViT-B-32(jit=True)", "No argument of OpenCLIP is named 'jit'"),
        ("open_clip:ViT-B-32('openai')", "give arguments by name"),
        ("open_clip:ViT-B-32(vision_cfg=3)", "has no whole config: TypeError"),
        ("open_clip:ViT-B-32(vision_cfg={'widht': 3})", "does not fit: TypeError: .*'widht'"),
        (
            "open_clip:ViT-B-32(vision_cfg={'timm_model_name': 'hf-hub:timm/resnet18'})",
            "cannot be built: LocalEntryNotFound",
        ),
        ("open_clip:./nowhere", "There is no folder './nowhere' with an open_clip_config.json"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(no_network, spec, says):
    with pytest.raises(SourceError, match=says):
        count_source(spec, Setting())
    assert not no_network


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"model_cfg": {}}', '{"model_cfg": 3}'])
def test_a_file_that_holds_no_config_is_refused(folder, text):
    (folder / "model" / "open_clip_config.json").write_text(text)
    with pytest.raises(SourceError, match=r"'open_clip:\./model' has no whole config"):
        count_source("open_clip:./model", Setting())

"""Networks of diffusers by class, config file, folder and name."""

import json

import pytest

from archstat.analysis.inference import count_source
from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.networks.diffusion.parts import MADE_OF_OTHERS, class_names
from archstat.networks.diffusion.peculiar import OWN_RULES
from archstat.networks.diffusion.sizes import LATENTS, TEXTS
from archstat.networks.hub import HUBS
from archstat.networks.libraries import library_of
from archstat.networks.loading import load
from archstat.networks.settings import Setting
from archstat.networks.torchvision_ops import mend_torchvision

library_of("diffusers", "diffusers")
mend_torchvision()

SMALL = {
    "_class_name": "UNet2DConditionModel",
    "_diffusers_version": "0.6.0",
    "block_out_channels": [32, 64],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    "cross_attention_dim": 24,
    "sample_size": 16,
    "a_field_of_an_older_version": 3,
}


@pytest.fixture(name="folder")
def a_folder(monkeypatch, tmp_path):
    """A working folder with a pipeline, of which one part is a network of diffusers."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sd" / "unet" / "config.json", SMALL)
    write(tmp_path / "sd" / "text_encoder" / "config.json", {"model_type": "clip_text_model"})
    write(tmp_path / "sd" / "scheduler" / "config.json", {"_class_name": "PNDMScheduler"})
    parts = {"unet": ["diffusers", "UNet2DConditionModel"], "scheduler": ["diffusers", "PNDMScheduler"]}
    write(tmp_path / "sd" / "model_index.json", {"_class_name": "StableDiffusionPipeline", **parts})
    return tmp_path


@pytest.fixture(name="cache", autouse=True)
def a_cache(monkeypatch, tmp_path_factory):
    """An empty cache of downloaded models, and how to put files into it."""
    place = tmp_path_factory.mktemp("cache")
    hub = library_of("hf", "huggingface_hub")
    for module in (hub.constants, hub.file_download):
        monkeypatch.setattr(module, "HF_HUB_CACHE", str(place), raising=False)

    def put(name, file, fields):
        model = place / f"models--{name.replace('/', '--')}"
        (model / "refs").mkdir(parents=True, exist_ok=True)
        (model / "refs" / "main").write_text("abc")
        write(model / "snapshots" / "abc" / file, fields)

    return put


def write(path, fields):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(fields))


def shapes_of(spec, **setting):
    return count_source(spec, Setting(**setting)).input_shapes


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_class_has_its_default_sizes_or_others(no_network):
    cost = count_source("diffusers:UNet2DConditionModel(cross_attention_dim=768, sample_size=64)", Setting())
    assert cost.parameters == 859_520_964  # as published of the U-Net of Stable Diffusion 1
    assert cost.input_shapes == ((1, 4, 64, 64), (1,), (1, 77, 768))
    assert cost.input_origin == "known"
    assert cost.uncounted == ()
    assert not no_network


def test_a_network_of_any_size_is_made_without_values():
    model = load("diffusers:FluxTransformer2DModel", Setting()).model
    assert sum(each.numel() for each in model.parameters()) > 11e9
    assert all(each.is_meta for each in model.parameters())


@pytest.mark.parametrize(
    "name", ["./sd/unet/config.json", "sd/unet/config.json", "./sd/unet", "sd/unet", "./sd#unet", "{folder}/sd#unet"]
)
def test_a_file_and_a_folder_are_the_config_that_they_hold(no_network, folder, name):
    assert shapes_of(f"diffusers:{name.format(folder=folder)}") == ((1, 4, 16, 16), (1,), (1, 77, 24))
    assert not no_network


@pytest.mark.usefixtures("folder")
def test_arguments_replace_fields_of_a_file():
    assert shapes_of("diffusers:./sd#unet(in_channels=9, sample_size=8)")[0] == (1, 9, 8, 8)


@pytest.mark.parametrize(("name", "file"), [("org/sd#unet", "unet/config.json"), ("org/unet", "config.json")])
def test_a_model_that_was_once_downloaded_is_found_by_its_name(no_network, cache, name, file):
    cache(name.partition("#")[0], file, SMALL)
    assert shapes_of(f"diffusers:{name}")[0] == (1, 4, 16, 16)
    assert not no_network


def test_the_log_is_as_it_was_and_nothing_is_said(caplog, capsys, folder):
    count_source("diffusers:./sd#unet", Setting())
    assert (caplog.text, *capsys.readouterr()) == ("", "", "")
    assert folder


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("UNet2DConditionModl", "No network of diffusers is named .* Did you mean 'UNet2DConditionModel'"),
        ("org/sd", "The config.json of 'org/sd' is not on this machine, and nothing is fetched: download it"),
        ("org/sd#unet", "The unet/config.json of 'org/sd' is not on this machine, and nothing is fetched"),
    ],
)
def test_an_unknown_name_says_what_to_do(no_network, name, says):
    with pytest.raises(UnknownNameError, match=says):
        count_source(f"diffusers:{name}", Setting())
    assert not no_network


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("./sd", r"'\./sd' is a pipeline, .*: name one, 'diffusers:\./sd#unet'\."),
        ("./sd#vae", "There is no file and no folder '.*vae'"),
        (
            "./sd#text_encoder",
            "is no config of diffusers, as it has no '_class_name'; it is one of transformers: 'hf:sd/",
        ),
        ("./sd#scheduler", "is the config of a PNDMScheduler, which is no network"),
        (".", r"The folder '\.' has no config.json, which a model of diffusers has"),
        ("StableDiffusionPipeline.unet", "is no network: name one of its parts"),
        ("StableDiffusionPipeline", "is no network: name one of its parts, as in"),
        ("FluxMultiControlNetModel", "is made of other networks"),
        ("MotionAdapter", "has no forward pass of its own"),
        (
            "UNet2DModel(block_out_channel=3)",
            "No argument of UNet2DModel is named .* Did you mean 'block_out_channels'",
        ),
        ("UNet2DModel(pretrained=True)", "No argument of UNet2DModel is named 'pretrained'"),
        ("UNet2DModel(block_out_channels=3)", "cannot be built: TypeError"),
        ("UNet2DModel(block_out_channels=(3, 5))", "cannot be built: Must provide the same number of"),
        ("UNet2DModel(3)", "give arguments by name"),
    ],
)
def test_what_is_no_network_is_refused(no_network, name, says):
    with pytest.raises(SourceError, match=says):
        count_source(f"diffusers:{name}", Setting())
    assert not no_network


def test_a_pipeline_in_the_cache_says_its_parts(cache):
    cache("org/sd", "model_index.json", {"unet": ["diffusers", "UNet2DConditionModel"]})
    with pytest.raises(SourceError, match=r"'org/sd' is a pipeline, .*: name one, 'diffusers:org/sd#unet'"):
        count_source("diffusers:org/sd", Setting())


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "is no JSON"), ("[1]", "it holds no fields"), ("{}", "has no '_class_name'")],
)
def test_a_file_that_holds_no_config_is_refused(folder, text, says):
    (folder / "other.json").write_text(text)
    with pytest.raises(SourceError, match=says):
        count_source("diffusers:./other.json", Setting())


def test_a_class_that_this_version_has_not_is_told(folder):
    write(folder / "other.json", {"_class_name": "UNet7DModel"})
    with pytest.raises(UnknownNameError, match=r"named 'UNet7DModel'.*A newer version may have it"):
        count_source("diffusers:./other.json", Setting())


# -- inputs ------------------------------------------------------------------------------------------------------------

TINY = "block_out_channels=(32, 64), norm_num_groups=8"


@pytest.mark.parametrize(
    ("arguments", "added"),
    [
        ("num_class_embeds=10", ((1,),)),
        ("class_embed_type='timestep'", ((1,),)),
        ("class_embed_type='projection', projection_class_embeddings_input_dim=12", ((1, 12),)),
        (
            "addition_embed_type='text_time', addition_time_embed_dim=8, projection_class_embeddings_input_dim=60",
            ((1, 12), (1, 6)),
        ),
    ],
)
def test_conditions_go_in_where_the_config_asks_for_them(arguments, added):
    blocks = (
        "down_block_types=('DownBlock2D', 'CrossAttnDownBlock2D'), up_block_types=('CrossAttnUpBlock2D', 'UpBlock2D')"
    )
    shapes = shapes_of(f"diffusers:UNet2DConditionModel({TINY}, {blocks}, cross_attention_dim=24, {arguments})")
    assert shapes == ((1, 4, 64, 64), (1,), (1, 77, 24), *added)


def test_guidance_goes_in_where_the_network_was_made_with_it():
    small = "num_layers=1, num_single_layers=1"
    without = shapes_of(f"diffusers:FluxTransformer2DModel({small})")
    assert shapes_of(f"diffusers:FluxTransformer2DModel({small}, guidance_embeds=True)") == (*without, (1,))


def test_places_are_the_same_for_all_of_a_batch():
    spec = "diffusers:FluxTransformer2DModel(num_layers=1, num_single_layers=1)"
    tokens, text, pooled, step, places, places_of_text = shapes_of(spec, batch_size=2, resolution=8, sequence=5)
    assert (tokens, text, pooled, step) == ((2, 64, 64), (2, 5, 4096), (2, 768), (2,))
    assert (places, places_of_text) == ((64, 3), (5, 3))


@pytest.mark.parametrize(
    "network",
    [
        "JoyImageEditPlusTransformer3DModel(num_layers=1)",
        "QwenImageTransformer2DModel(num_layers=1)",
        "T5FilmDecoder(num_layers=1)",
        "ZImageTransformer2DModel(n_layers=1)",
    ],
)
def test_lists_grow_with_the_batch(network):
    spec = f"diffusers:{network}"
    assert count_source(spec, Setting(batch_size=2)).macs == 2 * count_source(spec, Setting()).macs


def test_a_text_of_another_length_and_latents_of_another_size():
    shapes = shapes_of("diffusers:SD3Transformer2DModel(num_layers=1)", resolution=32, sequence=50)
    assert shapes == ((1, 16, 32, 32), (1, 50, 4096), (1, 2048), (1,))


def test_a_network_without_a_text_has_no_length():
    with pytest.raises(InputError, match="takes no sequence"):
        count_source("diffusers:AutoencoderKL", Setting(sequence=12))


def test_an_input_that_is_not_known_is_asked_for():
    with pytest.raises(InputError, match=r"Which input does .* take\? .*Its forward takes .*chunk_partition"):
        count_source("diffusers:AnyFlowFARTransformer3DModel(num_layers=1)", Setting())


# -- tables ------------------------------------------------------------------------------------------------------------


def test_the_tables_name_classes_and_arguments_of_the_library():
    classes = set(class_names())
    assert set(LATENTS) | set(TEXTS) | set(OWN_RULES) | MADE_OF_OTHERS <= classes
    assert len(set(HUBS.get("diffusers").names())) >= 100

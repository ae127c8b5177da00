"""Former places lead to the new ones for one version."""

import importlib

import pytest

import archstat
from archstat import former


@pytest.mark.parametrize("module", former.MODULES)
def test_a_former_module_leads_to_the_new_one(module):
    new = importlib.import_module(former.MODULES[module])
    names = [name for name in vars(new) if not name.startswith("_")]
    assert names
    assert all(getattr(importlib.import_module(module), name) is getattr(new, name) for name in names)


def test_what_the_manual_once_showed_still_works():
    from archstat.results import from_json, to_json
    from archstat.settings import TrainingSetting
    from archstat.training import count_training

    from archstat.analysis import analyse_model
    from archstat.published import published

    cost = analyse_model("lenet5").cost
    assert from_json(to_json(cost)) == cost
    assert count_training is archstat.count_training
    assert TrainingSetting is archstat.TrainingSetting
    assert "lenet5" in published()


def test_what_was_nowhere_is_nowhere():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("archstat.nowhere")
    with pytest.raises(ImportError):
        from archstat.training import nothing  # noqa: F401


def test_it_is_installed_once():
    import sys

    former.install()
    assert sum(isinstance(finder, former.FormerPlaces) for finder in sys.meta_path) == 1

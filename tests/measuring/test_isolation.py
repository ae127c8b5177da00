"""What is kept from disturbing a measurement, and that it is let go again."""

import gc

import pytest

from archstat.measuring.isolation import without_collection


def test_nothing_is_collected_on_its_own_until_it_is_over_whatever_happens():
    def work():
        with without_collection():
            assert not gc.isenabled()
            assert gc.get_freeze_count() > 0
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_who_collects_by_hand_still_does():
    gc.disable()
    try:
        with without_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()

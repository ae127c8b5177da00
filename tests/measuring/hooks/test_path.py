"""Which modules run, and whether hooks change that."""

import pytest
import torch
from torch import nn

from archstat.measuring.hooks.path import Call, find_way, refuse_compiled
from archstat.measuring.reasons import CannotMeasure
from archstat.tracing.layers import Layers
from tests.measuring.networks import hooks_of, prepared
from tests.support import Calls


def way_of(model, *inputs):
    ready = prepared(model, *inputs)
    return find_way(ready, Layers(model))


def test_the_way_names_every_run_in_order_and_says_nothing_of_a_network_without_traps():
    shared = nn.ReLU()
    model = nn.Sequential(nn.Linear(3, 3), shared, nn.Sequential(nn.Linear(3, 3), shared))
    way = way_of(model, torch.ones(2, 3))
    assert way.calls == (Call(0, 1), Call(1, 1), Call(2, 1), Call(3, 1), Call(4, 1), Call(2, 2))
    assert way.reasons == ()


def test_a_module_that_the_pass_never_uses_is_not_missed():
    model = Calls(lambda x: model.used(x) * 2, used=nn.ReLU(), unused=nn.Linear(3, 3))
    way = way_of(model)
    assert way.calls == (Call(0, 1), Call(1, 1))
    assert way.reasons == ()


def test_direct_calls_of_forward_are_named_and_keep_their_number():
    model = Calls(lambda x: model.inner(model.inner.forward(x)), inner=nn.ReLU())
    way = way_of(model)
    assert way.calls == (Call(0, 1), Call(1, 2))
    (reason,) = way.reasons
    assert reason.code == "HOOKS_NOT_FIRED"
    assert reason.text.startswith("Hooks miss runs of 'inner': ")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")
def test_a_scripted_part_is_named():
    (reason,) = way_of(nn.Sequential(torch.jit.script(nn.ReLU()), nn.Tanh())).reasons
    assert reason.code == "HOOKS_NOT_FIRED"
    assert "'0'" in reason.text
    assert "'1'" not in reason.text


def test_an_encoder_layer_loses_its_fused_op():
    model = nn.Sequential(nn.Linear(8, 8), nn.TransformerEncoderLayer(8, 2, 16, batch_first=True))
    (reason,) = way_of(model, torch.ones(2, 5, 8)).reasons
    assert reason.code == "HOOKS_CHANGE_PATH"
    assert reason.text.startswith("Hooks change what runs in '1': 1 op (_transformer_encoder_layer_fwd) → ")
    assert "set_fastpath_enabled(False)" in reason.text


def test_attention_alone_keeps_its_ops():
    model = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.ones(2, 5, 8)
    assert way_of(model, x, x, x).reasons == ()


def test_a_network_that_looks_for_hooks_is_found_out_without_advice_on_another_op():
    def call(x):
        return model.inner(x) if model.inner._forward_hooks else x * 2 + 1

    model = Calls(call, inner=nn.ReLU())
    (reason,) = way_of(model).reasons
    assert reason.text == (
        "Hooks change what runs in the network itself: 2 ops (mul, add) → 1 op (relu) in the network itself. "
        "The rows are those of the changed pass."
    )


def test_an_op_with_ops_in_it_is_listed():
    model = Calls(lambda x: torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,)))
    assert way_of(model).reasons == ()


@pytest.mark.filterwarnings("ignore")
def test_what_torch_compiles_by_itself_runs_as_before_once_its_ops_were_listed():
    model = Calls(lambda x: torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,)))
    torch.compiler.reset()  # torch keeps what another test had it compile
    way_of(model)
    assert torch.equal(model(torch.ones(2, 4)), torch.ones(2, 4).sin())


class Unlistable(nn.Module):
    """A network with a part that torch compiles by itself: it refuses to run where ops are listed."""

    def __init__(self):
        super().__init__()
        self.inner = nn.ReLU()

    def forward(self, x):
        if torch.utils._python_dispatch._get_current_dispatch_mode() is not None:
            raise RuntimeError("non-infra torch dispatch mode present\n  and more")
        return self.inner(x) if self._forward_hooks else x


def test_a_network_whose_ops_cannot_be_listed_is_followed_by_its_modules():
    way = way_of(nn.Sequential(nn.ReLU(), Unlistable()))
    assert way.calls == (Call(0, 1), Call(1, 1), Call(2, 1), Call(3, 1))
    (reason,) = way.reasons
    assert reason.code == "OPS_UNLISTED"
    assert reason.text.startswith("The ops could not be listed (non-infra torch dispatch mode present): ")


def test_a_fourth_module_is_only_counted():
    layers = {name: nn.ReLU() for name in "abcd"}

    def call(x):
        for name in "abcd":
            x = getattr(model, name).forward(x)
        return x

    model = Calls(call, **layers)
    (reason,) = way_of(model).reasons
    assert "'a', 'b', 'c' and 1 more" in reason.text


@pytest.mark.parametrize("raises", [ValueError("broken"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_the_network_is_as_it_was_also_if_it_raises(raises):
    def call(_x):
        raise raises

    model = nn.Sequential(nn.ReLU(), Calls(call))
    model[0].forward = own = model[0].forward
    hooks, names = hooks_of(model), [list(vars(module)) for module in model.modules()]
    with pytest.raises(type(raises)):
        way_of(model)
    assert hooks_of(model) == hooks
    assert [list(vars(module)) for module in model.modules()] == names
    assert model[0].forward is own


def test_another_pass_must_run_the_same_modules():
    way = way_of(nn.Sequential(nn.ReLU()))
    way.check([0, 1])
    with pytest.raises(CannotMeasure, match="One pass runs 2 modules, another one 1") as caught:
        way.check([0])
    assert caught.value.reason.code == "PATH_VARIES"


class Decorated(nn.Module):
    @torch.compile(backend="eager")
    def forward(self, x):
        return x


class Undecorated(nn.Module):
    @torch.compiler.disable
    def forward(self, x):
        return x


def compiled_in_place():
    module = nn.ReLU()
    module.compile(backend="eager")
    return nn.Sequential(module)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")
@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: torch.compile(nn.ReLU(), backend="eager"), "the network is compiled"),
        (lambda: nn.Sequential(nn.Tanh(), torch.compile(nn.ReLU(), backend="eager")), "its part '1' is compiled"),
        (compiled_in_place, "its part '0' is compiled"),
        (lambda: nn.Sequential(Decorated()), "its part '0' is compiled"),
        (lambda: nn.Sequential(torch.jit.trace(nn.ReLU(), torch.ones(1))), "its part '0' is compiled or traced"),
        (lambda: torch.jit.trace(nn.ReLU(), torch.ones(1)), "scripted or traced"),
        (lambda: torch.jit.script(nn.ReLU()), "scripted or traced"),
    ],
    ids=["whole", "part", "in place", "decorated", "traced part", "traced", "scripted"],
)
def test_compiled_networks_are_refused(make, where):
    with pytest.raises(CannotMeasure, match=where) as caught:
        refuse_compiled(prepared(make()))
    assert caught.value.reason.code == "COMPILED_NO_LAYERS"


def test_a_network_that_is_run_compiled_is_refused():
    with pytest.raises(CannotMeasure, match="measured as a whole") as caught:
        refuse_compiled(prepared(nn.ReLU(), mode="compiled"))
    assert caught.value.reason.code == "COMPILED_NO_LAYERS"


@pytest.mark.parametrize("make", [lambda: nn.Sequential(nn.ReLU()), Undecorated], ids=["plain", "kept from compiling"])
def test_networks_that_are_not_compiled_are_not_refused(make):
    refuse_compiled(prepared(make()))

"""How papers and other tools count: one entry of :data:`CONVENTIONS` is one of them.

Each was found out by running the tool on single layers, and its number is compared with the tool's own on the
architectures (``tests/analysis/test_other_tools.py``). Tools differ between versions: those meant here are in
``constraints.txt``.
"""

from __future__ import annotations

import msgspec

from archstat.counting.conventions import amounts, elements
from archstat.counting.conventions.convention import (
    BATCH,
    FOREIGN,
    NO_IMAGE,
    OWN_CLASS,
    PRODUCTS,
    SHARED,
    UNSCALED,
    Amount,
    Convention,
    RowRule,
    counts_as,
)
from archstat.language import recorded

# -- ops and classes of layers by what they are ------------------------------------------------------------------------

_CONVOLUTIONS = "conv1d conv2d conv3d"
_TRANSPOSED = "conv_transpose1d conv_transpose2d conv_transpose3d"
_CONVOLVING = f"{_CONVOLUTIONS} {_TRANSPOSED}"
_MATRICES = "mm bmm addmm"
_NORMS = "layer_norm group_norm"
_AVERAGING = "avg_pool2d avg_pool3d"
_ADAPTIVE = "adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d"
_MAXIMA = "max_pool1d max_pool2d max_pool2d_with_indices max_pool3d_with_indices"
_POOLS = f"{_AVERAGING} {_ADAPTIVE} {_MAXIMA}"
_NEAREST = "upsample_nearest1d upsample_nearest2d upsample_nearest3d"
_LINEAR_UP = "upsample_linear1d upsample_bilinear2d upsample_bicubic2d upsample_trilinear3d"
_UPSAMPLING = f"{_NEAREST} {_LINEAR_UP}"
_QUANTIZED = "quantized::conv2d quantized::conv2d_relu quantized::linear"
_RECURRENT = "lstm gru rnn_tanh rnn_relu mkldnn_rnn_layer thnn_fused_lstm_cell thnn_fused_gru_cell"

_CONV_LAYERS = "Conv1d Conv2d Conv3d"
_TRANSPOSED_LAYERS = "ConvTranspose1d ConvTranspose2d ConvTranspose3d"
_INSTANCE_NORM_LAYERS = "InstanceNorm1d InstanceNorm2d InstanceNorm3d"
_BATCH_NORM_LAYERS = f"BatchNorm1d BatchNorm2d BatchNorm3d {_INSTANCE_NORM_LAYERS}"
_AVERAGING_LAYERS = "AvgPool1d AvgPool2d AvgPool3d"
_ADAPTIVE_LAYERS = "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d"
_POOL_LAYERS = (
    f"MaxPool1d MaxPool2d MaxPool3d {_AVERAGING_LAYERS} {_ADAPTIVE_LAYERS} "
    "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d"
)

# -- papers ------------------------------------------------------------------------------------------------------------

_ALL = counts_as(PRODUCTS, amounts.ours)
_CONV = counts_as(PRODUCTS, amounts.ours, ops=_CONVOLVING)

OURS = "conv+linear"

PAPERS: dict[str, Convention] = {
    OURS: Convention("ours; ResNet paper, Table 1, and most papers since", "MACs", (_ALL,)),
    "conv": Convention("ShuffleNet paper, Table 1; VGG-16 in the ResNet paper, §4.1", "MACs", (_CONV,)),
    "conv+linear+add": Convention(
        "SENet paper, Table 2",
        "MACs",
        (_ALL, counts_as("additions of tensors, 1 an element", amounts.other, ops="add")),
    ),
    "conv+linear+norm": Convention(
        "NASNet paper, Table 2",
        "MACs",
        (
            _ALL,
            counts_as("batch norm, 1 an element", amounts.half, ops="batch_norm"),
            counts_as("biases of convolutions", amounts.other, ops=_CONVOLVING),
        ),
    ),
    "canziani2016": Convention("Canziani, Paszke, Culurciello 2016, Fig. 2", "FLOPs", (_ALL,)),
    "bianco2018": Convention(
        "Bianco, Cadene, Celona, Napoletano 2018, released counter",
        "MACs",
        (
            counts_as(PRODUCTS, amounts.ours, ops="conv2d", is_in_layer=True),
            counts_as(
                "biases of convolutions, ½ an output and by the groups",
                amounts.half_the_biases,
                ops="conv2d",
                is_in_layer=True,
            ),
        ),
    ),
}

# -- the rules of tools ------------------------------------------------------------------------------------------------

_WHICH_PRODUCT = recorded("a trace does not tell torch.matmul, which is counted, from @, which is not")
_WHICH_MATMUL = recorded("a trace does not tell @, which is counted, from torch.mm and its like, which are not")
_FUSED = recorded("what is counted depends on the device, the version of torch, and the path that the layer takes")
_OWN_RULE = recorded("the tool has a rule of its own for it")

_NOT_CNN = {
    **dict.fromkeys(_RECURRENT.split(), _OWN_RULE),
    **dict.fromkeys(("MultiheadAttention", "TransformerEncoderLayer"), _FUSED),
}
_FUNCTIONS = {**_NOT_CNN, **dict.fromkeys("mm bmm addmm baddbmm mv dot".split(), _WHICH_PRODUCT)}


def _twice(count: Amount) -> Amount:
    """Two FLOPs for each of what a tool counts once."""
    return lambda use: 2 * count(use)


_LRN = "LocalResponseNorm"
_INNER = counts_as("products and sums inside response normalization", amounts.made, ops="mul add", kinds=_LRN)
_BY_FUNCTION = "relu prelu_kernel elu gelu silu"

TOOLS: dict[str, Convention] = {
    "fvcore": Convention(
        "the flops of FlopCountAnalysis",
        "MACs",
        (
            counts_as(PRODUCTS, amounts.ours, ops=f"{_CONVOLVING} linear {_MATRICES}"),
            counts_as("batch norm, 2 an element", amounts.batch_scaled, ops="batch_norm"),
            counts_as(
                "instance norm, 5 an element", amounts.instance_scaled, ops="batch_norm", kinds=_INSTANCE_NORM_LAYERS
            ),
            counts_as("layer and group norm, 5 an element", amounts.normalized, ops=_NORMS),
            counts_as("adaptive average pooling, 1 an input", amounts.taken, ops="adaptive_avg_pool2d"),
            counts_as("nearest resampling, 1 an output", amounts.made, ops="upsample_nearest2d"),
            counts_as("bilinear resampling, 4 an output", amounts.four_made, ops="upsample_bilinear2d grid_sampler_2d"),
        ),
        package="fvcore",
        refusals={"MultiheadAttention": _FUSED, "TransformerEncoderLayer": _FUSED},
    ),
    "fvcore-activations": Convention(
        "the activations of ActivationCountAnalysis",
        "activations",
        row_rules=(
            RowRule("outputs of layers without products left out", elements.without_products),
            RowRule("outputs of products inside of layers", elements.inside_of_layers),
        ),
        package="fvcore",
        refusals={
            "MultiheadAttention": _FUSED,
            "TransformerEncoderLayer": _FUSED,
            **dict.fromkeys("mm mv dot".split(), _WHICH_MATMUL),
        },
    ),
    "torchinfo": Convention(
        "the mult-adds of summary()",
        "MACs",
        (
            counts_as(PRODUCTS, amounts.ours_if_weighted, ops=f"{_CONVOLVING} linear", is_in_layer=True),
            counts_as("biases", amounts.biases_of_layer, ops=f"{_CONVOLVING} linear", is_in_layer=True),
            counts_as(
                "weights of convolutions not named Conv, or transposed",
                amounts.weights_beyond_ours,
                ops=_CONVOLVING,
                is_in_layer=True,
            ),
            counts_as(
                "weights of linear layers, for the first axis alone",
                amounts.weights_beyond_ours,
                ops="linear",
                is_in_layer=True,
            ),
            counts_as("parameters of other layers, 1 an input", amounts.parameters_of_layer, is_in_layer=True),
        ),
        package="torchinfo",
        refusals={**_NOT_CNN, SHARED: "", FOREIGN: ""},
        is_by_layer=True,
    ),
    "ptflops": Convention(
        "the MACs of get_model_complexity_info()",
        "MACs",
        (
            counts_as(PRODUCTS, amounts.ours, ops=_CONVOLVING, kinds=f"{_CONV_LAYERS} {_TRANSPOSED_LAYERS}"),
            counts_as(PRODUCTS, amounts.ours, ops="linear", kinds="Linear"),
            counts_as("biases", amounts.other, ops=_CONVOLVING, kinds=f"{_CONV_LAYERS} {_TRANSPOSED_LAYERS}"),
            counts_as("biases", amounts.other, ops="linear", kinds="Linear"),
            counts_as("batch norm, 2 an element", amounts.scaled, ops="batch_norm", kinds=_BATCH_NORM_LAYERS),
            counts_as("group norm, 2 an element", amounts.group_scaled, ops="group_norm", kinds="GroupNorm"),
            counts_as("layer norm, 1 an element", amounts.taken, ops="layer_norm", kinds="LayerNorm"),
            counts_as(
                "activation layers",
                amounts.made,
                ops="relu prelu_kernel elu leaky_relu hardtanh gelu",
                kinds="ReLU PReLU ELU LeakyReLU ReLU6 GELU",
            ),
            counts_as("activation functions, layers included", amounts.activated, ops=_BY_FUNCTION),
            counts_as("activation functions, layers included", amounts.relu6, ops="hardtanh"),
            counts_as("pooling layers, 1 an input", amounts.taken, ops=_POOLS, kinds=_POOL_LAYERS),
            counts_as("pooling functions, layers included", amounts.taken, ops=_POOLS),
            counts_as("softmax, 1 an element", amounts.made, ops="softmax"),
            counts_as("resampling layers", amounts.made, ops=_UPSAMPLING, kinds="Upsample"),
            counts_as("resampling functions, layers included", amounts.made, ops=_UPSAMPLING),
            _INNER,
        ),
        package="ptflops",
        refusals={**_FUNCTIONS, "Attention": _OWN_RULE, SHARED: "", BATCH: recorded("some terms are divided by it")},
        is_by_layer=True,
    ),
    "ptflops-aten": Convention(
        "the same with backend='aten'",
        "MACs",
        (
            counts_as(PRODUCTS, amounts.ours, ops=f"{_CONVOLVING} linear {_MATRICES}"),
            counts_as("biases", amounts.other, ops=f"{_CONVOLVING} linear addmm"),
        ),
        package="ptflops",
        refusals={**_NOT_CNN, "scaled_dot_product_attention": _FUSED},
    ),
    "thop": Convention(
        "the MACs of profile()",
        "MACs",
        (
            counts_as(PRODUCTS, amounts.ours, ops=_CONVOLVING, kinds=f"{_CONV_LAYERS} {_TRANSPOSED_LAYERS}"),
            counts_as(PRODUCTS, amounts.ours, ops="linear", kinds="Linear"),
            counts_as(
                "transposed convolutions by outputs", amounts.by_outputs, ops=_TRANSPOSED, kinds=_TRANSPOSED_LAYERS
            ),
            counts_as("batch norm, 4 an element", amounts.twice_scaled, ops="batch_norm", kinds=_BATCH_NORM_LAYERS),
            counts_as("layer norm, 4 an element", amounts.twice_normalized, ops="layer_norm", kinds="LayerNorm"),
            counts_as("average pooling, 1 an output", amounts.made, ops=_AVERAGING, kinds=_AVERAGING_LAYERS),
            counts_as(
                "adaptive average pooling, its window and 1", amounts.windows, ops=_ADAPTIVE, kinds=_ADAPTIVE_LAYERS
            ),
            counts_as("PReLU, 1 an element", amounts.made, ops="prelu_kernel", kinds="PReLU"),
            counts_as("softmax, 3 an element", amounts.exponentials, ops="softmax", kinds="Softmax"),
        ),
        package="thop",
        refusals={**_NOT_CNN, "Upsample": _OWN_RULE, SHARED: ""},
        is_by_layer=True,
    ),
    "FlopCounterMode": Convention(
        "the FLOPs of torch.utils.flop_counter",
        "FLOPs",
        (counts_as(PRODUCTS, amounts.ours, ops=f"{_CONVOLVING} linear {_MATRICES} baddbmm"),),
        package="torch",
        refusals={**_NOT_CNN, "scaled_dot_product_attention": _FUSED},
    ),
    "calflops": Convention(
        "the FLOPs of calculate_flops(), after DeepSpeed's profiler",
        "FLOPs",
        (
            counts_as(PRODUCTS, amounts.ours, ops=f"{_CONVOLVING} linear"),
            counts_as("biases of convolutions", amounts.other, ops=_CONVOLUTIONS),
            counts_as(
                "biases of transposed convolutions, by outputs of a plain one",
                amounts.biases_of_strided,
                ops=_TRANSPOSED,
            ),
            counts_as("transposed convolutions by their groups once more", amounts.grouped_again, ops=_TRANSPOSED),
            counts_as("batch norm, 2 an element", amounts.batch_scaled, ops="batch_norm"),
            counts_as(
                "instance norm, 5 an element", amounts.instance_scaled, ops="batch_norm", kinds=_INSTANCE_NORM_LAYERS
            ),
            counts_as("layer and group norm, 5 an element", amounts.normalized, ops=_NORMS),
            counts_as("activations, 1 an element", amounts.activated, ops=f"{_BY_FUNCTION} leaky_relu"),
            counts_as("activations, 1 an element", amounts.relu6, ops="hardtanh"),
            counts_as("pooling, 1 an input", amounts.taken, ops=_POOLS),
            counts_as("softmax, 1 an element", amounts.made, ops="softmax"),
            _INNER,
        ),
        package="calflops",
        refusals={**_FUNCTIONS, **dict.fromkeys(_UPSAMPLING.split(), _OWN_RULE), SHARED: ""},
        is_by_layer=True,
    ),
    "ultralytics": Convention(
        "the FLOPs of get_flops(), by ultralytics-thop",
        "FLOPs",
        (
            counts_as(PRODUCTS, amounts.ours, ops=_CONVOLVING, kinds=f"{_CONV_LAYERS} {_TRANSPOSED_LAYERS}"),
            counts_as(PRODUCTS, amounts.ours, ops="linear bmm scaled_dot_product_attention"),
            counts_as("batch norm, 8 an element", _twice(amounts.twice_scaled), ops="batch_norm"),
            counts_as(
                "layer and group norm, 8 an element",
                _twice(amounts.twice_normalized),
                ops=f"{_NORMS} rms_norm",
                kinds="LayerNorm GroupNorm RMSNorm",
            ),
            counts_as("average pooling", _twice(amounts.averaged), ops=_AVERAGING, kinds=_AVERAGING_LAYERS),
            counts_as("adaptive average pooling", _twice(amounts.adapted), ops=_ADAPTIVE, kinds=_ADAPTIVE_LAYERS),
            counts_as("PReLU, 2 an element", _twice(amounts.taken), ops="prelu_kernel", kinds="PReLU"),
            counts_as("softmax, 6 an element", _twice(amounts.exponentials), ops="softmax", kinds="Softmax Softmax2d"),
            counts_as(
                "resampling layers",
                _twice(amounts.resampled),
                ops=_UPSAMPLING,
                kinds="Upsample UpsamplingBilinear2d UpsamplingNearest2d",
            ),
        ),
        package="ultralytics-thop",
        refusals={
            **_NOT_CNN,
            **dict.fromkeys("mm mv dot".split(), _WHICH_MATMUL),
            **dict.fromkeys("Bilinear Softmin LogSoftmax".split(), _OWN_RULE),
            **dict.fromkeys((BATCH, NO_IMAGE), recorded("the tool makes one image of its own")),
            OWN_CLASS: recorded("it is counted if it is derived from torch's, which a trace does not tell"),
            UNSCALED: recorded("the tool counts small images, and works the number of larger ones out from them"),
        },
        is_scaled_up=True,
    ),
    "keras": Convention(
        "the parameters of count_params()",
        "parameters",
        row_rules=(
            RowRule("running means and variances", elements.running_statistics),
            RowRule("other buffers, as weights that are not trained", elements.other_buffers),
        ),
        package="keras",
    ),
}

# -- tools that run another tool ---------------------------------------------------------------------------------------


def _after(tool: str, source: str, package: str = "") -> Convention:
    """What is counted by running another tool, whose rules are its own."""
    return msgspec.structs.replace(TOOLS[tool], source=source, package=package, after=tool)


TOOLS |= {
    "mmengine": _after("fvcore", "the flops of get_model_complexity_info(), MMDetection's too", "mmengine"),
    "mmengine-activations": _after("fvcore-activations", "the activations of the same", "mmengine"),
    "lightning": _after("FlopCounterMode", "the FLOPs of measure_flops(), forward", "lightning-fabric"),
}

# -- the tables that libraries print of their own networks -------------------------------------------------------------

_NO_RECURRENT = dict.fromkeys(_RECURRENT.split(), recorded("none of the table's networks has one"))
_WITH_ATTENTION = f"{_CONVOLVING} linear {_MATRICES} scaled_dot_product_attention"

TABLES: dict[str, Convention] = {
    "torchvision": Convention(
        "the _ops of torchvision's weights",
        "MACs",
        (counts_as(PRODUCTS, amounts.ours, ops=f"{_WITH_ATTENTION} {_QUANTIZED}"),),
        refusals=_NO_RECURRENT,
    ),
    "timm": _after("fvcore", "the GMACs of timm's model cards"),
    "timm-activations": _after("fvcore-activations", "the activations of timm's model cards"),
    "open_clip": Convention(
        "the GFLOPs of open_clip's table of models",
        "FLOPs",
        (counts_as(PRODUCTS, amounts.ours, ops=f"{_WITH_ATTENTION} baddbmm"),),
        refusals=_NO_RECURRENT,
    ),
}

CONVENTIONS: dict[str, Convention] = {**PAPERS, **TOOLS, **TABLES}
"""Every convention by its name."""

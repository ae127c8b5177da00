"""The nouns: plain frozen records that one stage makes and the next one reads.

A room for each stage: ``trace`` is what a pass did, ``cost`` what it comes to, ``explanation`` how, ``memory`` what
memory goes to; ``measurement`` is what a device took, under which ``conditions``, in which ``environment``, with how
much ``energy``. Nothing here needs torch, and all of it goes to a file and back. Units are suffixes: ``_s`` seconds,
``_j`` joules, ``_w`` watts, ``_bytes``; a count without a suffix is a number of elements or of operations. What could
not be measured is ``None``, never 0, and a :class:`Reason` says why.
"""

from archstat.records.conditions import ELEMENT_TYPES, PRECISIONS, Conditions, Precision
from archstat.records.cost import Arithmetic, Cost, LayerCost, ModelCost, OpCost, Peak, UncountedOp
from archstat.records.energy import Energy, EnergyTrial, IdlePower, LayerEnergy
from archstat.records.environment import Environment, Gpu, Host, Noise, Numerics, Software
from archstat.records.explanation import Explanation, Explanations, Opinion, ReceptiveField, Step, Tally, Term
from archstat.records.graph import LayerEdge, LayerGraph, LayerGroup, LayerNode
from archstat.records.measurement import (
    CountedTotals,
    GpuTimes,
    Interval,
    Latency,
    LayerMemory,
    LayerTime,
    LayerTimes,
    Measurement,
    Memory,
    Peaks,
    SelfTest,
)
from archstat.records.memory import (
    AliveTensor,
    BatchFit,
    InferenceMemory,
    LayerTraining,
    MemoryLevel,
    MemoryLevels,
    TrainingCost,
)
from archstat.records.reasons import REASONS, Explained, Reason
from archstat.records.trace import (
    RUN_FOR_REAL,
    LayerCall,
    LayerSpec,
    Nature,
    OpCall,
    ParameterSpec,
    Phase,
    Shape,
    StepTrace,
    StorageLife,
    TensorSpec,
    Trace,
)

__all__ = [
    "ELEMENT_TYPES",
    "PRECISIONS",
    "REASONS",
    "RUN_FOR_REAL",
    "AliveTensor",
    "Arithmetic",
    "BatchFit",
    "Conditions",
    "Cost",
    "CountedTotals",
    "Energy",
    "EnergyTrial",
    "Environment",
    "Explained",
    "Explanation",
    "Explanations",
    "Gpu",
    "GpuTimes",
    "Host",
    "IdlePower",
    "InferenceMemory",
    "Interval",
    "Latency",
    "LayerCall",
    "LayerCost",
    "LayerEdge",
    "LayerEnergy",
    "LayerGraph",
    "LayerGroup",
    "LayerMemory",
    "LayerNode",
    "LayerSpec",
    "LayerTime",
    "LayerTimes",
    "LayerTraining",
    "Measurement",
    "Memory",
    "MemoryLevel",
    "MemoryLevels",
    "ModelCost",
    "Nature",
    "Noise",
    "Numerics",
    "OpCall",
    "OpCost",
    "Opinion",
    "ParameterSpec",
    "Peak",
    "Peaks",
    "Phase",
    "Precision",
    "Reason",
    "ReceptiveField",
    "SelfTest",
    "Shape",
    "Software",
    "Step",
    "StepTrace",
    "StorageLife",
    "Tally",
    "TensorSpec",
    "Term",
    "Trace",
    "TrainingCost",
    "UncountedOp",
]

"""Why a quantity of a measurement is missing, or what a reader must know about one that is there: the closed list.

A program looks for codes, so they are as much part of the file as its keys: one that is not in :data:`REASONS` cannot
be made and is refused in a file. ``docs/measuring.md`` shows the list.
"""

from __future__ import annotations

import msgspec


class Explained(msgspec.Struct, frozen=True):
    """What a code stands for.

    Attributes:
        group: The subject of the reason, as the manual groups them.
        meaning: What happened, whatever the values.
        advice: What to do for a better measurement; ``""``: nothing.
    """

    group: str
    meaning: str
    advice: str = ""


_TIME, _HOST, _RUN, _LAYERS = "Time", "The computer", "The run", "Layers"
_GPU, _MEMORY, _NVML = "Times on a GPU", "Memory", "The sensors of a GPU"
_COUNTER, _ENERGY, _BOARD = "Energy counters", "Energy", "The state of a GPU"
_RAPL, _LAYER_ENERGY = "Energy of a CPU", "Energy of layers"

REASONS: dict[str, Explained] = {
    # -- how sure a time is
    "HOST_NOISY": Explained(_TIME, "Rounds, or quartiles, differ by more than they should.", "End what else runs."),
    "DRIFTING": Explained(_TIME, "The second half differs from the first.", "Let it run longer, or let it cool."),
    "NOT_WARM": Explained(_TIME, "Times were still falling after the warm-up.", "Measure again."),
    "PRECISION_NOT_REACHED": Explained(_TIME, "The time limit came first.", "Raise the time limit."),
    "AMORTISED": Explained(_TIME, "Several passes were timed as one sample, as one is too short for the clock."),
    "BELOW_RESOLUTION": Explained(_TIME, "It is too short to be told.", "Take a larger batch."),
    "TOO_FEW_SAMPLES": Explained(
        _TIME, "A self-test had time for fewer pairs than make its verdict sharp.", "Raise the time limit."
    ),
    # -- the computer
    "HOST_PRESSURE": Explained(_HOST, "Something waited for a core.", "End what else runs."),
    "HOST_STEAL": Explained(_HOST, "The hypervisor took time.", "Measure on a machine of your own."),
    "HOST_LOAD": Explained(_HOST, "There are more processes than cores.", "End what else runs."),
    "CPU_QUOTA": Explained(_HOST, "The container was stopped for its quota.", "Use fewer threads than the quota."),
    # -- the run
    "INTERRUPTED": Explained(_RUN, "It was interrupted from the keyboard; what was finished is kept."),
    "OOM": Explained(_RUN, "Memory was missing.", "Take a smaller batch."),
    "FAILED": Explained(_RUN, "The network raised."),
    "PART_FAILED": Explained(_RUN, "A part of the measurement raised; the rest is there."),
    "INPUT_CHANGED": Explained(_RUN, "Each pass ran on what the one before left in the input."),
    # -- layers
    "COMPILED_NO_LAYERS": Explained(_LAYERS, "A compiled network has no layers.", "Measure it uncompiled."),
    "HOOKS_CHANGE_PATH": Explained(_LAYERS, "Hooks make the network leave a fused path."),
    "HOOKS_NOT_FIRED": Explained(_LAYERS, "A module was not called as one, so no hook saw it."),
    "PATH_VARIES": Explained(_LAYERS, "Other modules run in another pass."),
    "OPS_UNLISTED": Explained(_LAYERS, "The network refuses to have its ops listed."),
    "UNATTRIBUTED": Explained(_LAYERS, "Much of the time is that of no layer."),
    # -- times on a GPU
    "CUPTI_UNAVAILABLE": Explained(_GPU, "Kernels cannot be traced here."),
    "CUPTI_INVALID": Explained(_GPU, "Kernels were traced that cannot be."),
    "EVENT_TIME_INVALID": Explained(_GPU, "Events have times that cannot be."),
    "QUEUE_RAN_DRY": Explained(_GPU, "The host could not stay ahead of the GPU.", "Take a larger batch."),
    "MODEL_SYNCS": Explained(_GPU, "The network waits for the GPU."),
    "GRAPH_FAILED": Explained(_GPU, "A pass cannot be captured as a CUDA graph."),
    "LAYER_NOT_REPLAYABLE": Explained(_GPU, "A layer cannot be repeated alone."),
    "HOST_BOUND_LOOP": Explained(_GPU, "The loop that repeats a layer waits for the host.", "Take a larger batch."),
    # -- memory
    "PROFILER_UNAVAILABLE": Explained(_MEMORY, "The profiler sees no memory."),
    "PEAK_VARIES": Explained(_MEMORY, "The peak differs from pass to pass."),
    "HIGH_WATER_UNAVAILABLE": Explained(_MEMORY, "The system does not tell how the process grew."),
    # -- what is missing between Python and the sensors
    "PYNVML_MISSING": Explained(_NVML, "The bindings of NVML are missing.", "Install nvidia-ml-py."),
    "PYNVML_WRONG_PACKAGE": Explained(
        _NVML, "A package of that name is not NVIDIA's.", "Uninstall it, and install nvidia-ml-py."
    ),
    "NVML_LIB_MISSING": Explained(_NVML, "The driver's library is missing.", "Install NVIDIA's driver."),
    "NVML_DRIVER": Explained(_NVML, "The driver does not answer, or is too old.", "Update NVIDIA's driver."),
    "NVML_PERMISSION": Explained(_NVML, "The driver may not be asked.", "Ask whoever runs the computer."),
    "NVML_NO_BOARD": Explained(_NVML, "NVML does not know the GPU that torch uses."),
    # -- counters
    "ENERGY_UNSUPPORTED": Explained(_COUNTER, "The board has no energy counter."),
    "ENERGY_STUCK": Explained(_COUNTER, "The counter stands still."),
    "ENERGY_BACKWARDS": Explained(_COUNTER, "The counter ran backwards."),
    "MIG": Explained(_COUNTER, "It is a part of a GPU, whose counter is of the whole."),
    "VGPU_WSL": Explained(_COUNTER, "It is a virtual GPU, which has no counter."),
    # -- what makes an energy doubtful
    "COUNTER_SENSOR_DISAGREE": Explained(_ENERGY, "The counter and the integrated power differ."),
    "SAMPLED_SENSOR": Explained(_ENERGY, "The sensor looks at the power a part of the time only."),
    "WINDOW_SHORT": Explained(_ENERGY, "A window is shorter than the meter needs."),
    "POWER_UNSTEADY": Explained(_ENERGY, "The power had not become steady.", "Measure again when it is warm."),
    "CLOCK_CHANGED": Explained(_ENERGY, "The clock differs between trials.", "Lock the clocks, if you may."),
    # -- the state of a GPU
    "POWER_CAPPED": Explained(_BOARD, "Clocks were reduced to stay below the power limit."),
    "THROTTLED_THERMAL": Explained(_BOARD, "Clocks were reduced as it was hot.", "Cool it."),
    "THROTTLED_HW": Explained(_BOARD, "Clocks were reduced by the hardware."),
    "OTHER_GPU_PROCESSES": Explained(_BOARD, "Others use the GPU, or may.", "Measure on a GPU of your own."),
    "CC_ENABLED": Explained(_BOARD, "Confidential computing is on, and adds work."),
    # -- RAPL
    "RAPL_PERMISSION": Explained(_RAPL, "The counters may not be read.", "Run it as root, or let it read them."),
    "RAPL_ABSENT": Explained(_RAPL, "There are no counters."),
    "RAPL_ABSENT_VM": Explained(_RAPL, "There are no counters in a virtual machine.", "Measure on the host."),
    "RAPL_WRAP_AMBIGUOUS": Explained(_RAPL, "A counter may have wrapped more than once."),
    "WHOLE_PACKAGE": Explained(_RAPL, "The counters are of whole processors, other processes included."),
    # -- the energy of layers
    "LAYER_CLOSURE": Explained(_LAYER_ENERGY, "What the energies of layers add up to, against the whole pass."),
    "NOT_MEASURED_BUDGET": Explained(_LAYER_ENERGY, "The time was up before this layer."),
}
"""Every code, in the order of the manual."""


class Reason(msgspec.Struct, frozen=True):
    """Why a quantity is missing, or what a reader must know about one that is there.

    Attributes:
        code: What programs look for, a key of :data:`REASONS`: ``"HOST_NOISY"``.
        text: One sentence with the values: what happened, and what to do.
    """

    code: str
    text: str

    def __post_init__(self) -> None:
        """Refuse a code that no reader would know.

        Raises:
            ValueError: The code is not in the list; of a file, msgspec makes it an error that says where.
        """
        if self.code not in REASONS:
            message = f"{self.code!r} is no reason that a measurement has"
            raise ValueError(message)

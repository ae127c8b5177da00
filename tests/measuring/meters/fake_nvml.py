"""A driver's library for the real bindings: an object whose attributes are its functions."""

import pynvml

UUID = "GPU-11111111-2222-3333-4444-555555555555"
NOT_SUPPORTED, NO_PERMISSION, NOT_FOUND, INSUFFICIENT_SIZE = 3, 4, 6, 7
_SPECIAL = {
    "nvmlDeviceGetHandleByUUID": "_by_uuid",
    "nvmlDeviceGetFieldValues": "_fields",
    "nvmlDeviceGetViolationStatus": "_violation",
    "nvmlDeviceGetComputeRunningProcesses_v3": "_processes",
    "nvmlDeviceGetUtilizationRates": "_utilization",
    "nvmlSystemGetConfComputeState": "_confidential",
}


class FakeNvml:
    """Answers what is in ``values``, refuses with the codes in ``refusals``, and lacks what is ``missing``."""

    def __init__(self, **values):
        self.values = {
            "nvmlDeviceGetTotalEnergyConsumption": 5_000_000,
            "nvmlDeviceGetPowerUsage": 123_000,
            "nvmlDeviceGetMigMode": (0, 0),
            "nvmlDeviceGetCudaComputeCapability": (8, 6),
            "nvmlDeviceGetVirtualizationMode": 0,
            "nvmlDeviceGetClockInfo": {1: 1410, 2: 1215},
            "nvmlDeviceGetMaxClockInfo": {1: 1980, 2: 2619},
            "nvmlDeviceGetTemperature": 47,
            "nvmlDeviceGetCurrentClocksEventReasons": 0x4 | 0x20,
            "nvmlDeviceGetEnforcedPowerLimit": 350_000,
            "nvmlDeviceGetPowerManagementDefaultLimit": 400_000,
            "nvmlDeviceGetPowerManagementLimitConstraints": (100_000, 450_000),
            "nvmlDeviceGetComputeMode": 3,
            "nvmlDeviceGetPersistenceMode": 1,
            "nvmlDeviceGetEccMode": (1, 1),
            "nvmlDeviceGetPerformanceState": 2,
            "nvmlDeviceGetCurrPcieLinkGeneration": 5,
            "nvmlDeviceGetCurrPcieLinkWidth": 16,
            "nvmlDeviceGetVbiosVersion": b"96.00.01",
            "nvmlSystemGetDriverVersion": b"575.1",
            "nvmlSystemGetCudaDriverVersion_v2": 12040,
        } | values
        self.fields = {74: 2 * 10**9, 75: 10**9, 77: 0, 79: 0, 185: 200_000, 186: 210_000}
        self.field_refusals, self.refusals, self.missing = {}, {}, set()
        self.uuids, self.processes, self.utilization, self.is_confidential = {UUID}, [4711], 3, 0
        self.violations = {0: 7 * 10**9}

    def __getattr__(self, name):
        known = {*self.values, *_SPECIAL, "nvmlInitWithFlags"}
        if name in self.missing or name not in known:
            raise AttributeError(name)
        return lambda *args: self._answer(name, args)  # the bindings keep it: what it answers is decided when asked

    def _answer(self, name, args):
        if name in self.refusals:
            return self.refusals[name]
        if name == "nvmlInitWithFlags":
            return 0
        if name in _SPECIAL:
            return getattr(self, _SPECIAL[name])(*args)
        return _store(self.values[name], args) if name in self.values else NOT_SUPPORTED

    def _by_uuid(self, uuid, _handle):
        return 0 if uuid.value.decode() in self.uuids else NOT_FOUND

    def _fields(self, _handle, count, values):
        for value in values._obj[: count.value]:
            value.nvmlReturn = self.field_refusals.get(value.fieldId, 0)
            if value.fieldId not in self.fields:
                value.nvmlReturn = NOT_SUPPORTED
            elif value.fieldId in {185, 186}:
                value.valueType, value.value.uiVal = pynvml.NVML_VALUE_TYPE_UNSIGNED_INT, self.fields[value.fieldId]
            else:
                kind = pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG
                value.valueType, value.value.ullVal = kind, self.fields[value.fieldId]
        return 0

    def _violation(self, _handle, policy, status):
        if policy.value not in self.violations:
            return NOT_SUPPORTED
        status._obj.violationTime = self.violations[policy.value]
        return 0

    def _processes(self, _handle, count, processes):
        room, count._obj.value = count._obj.value, len(self.processes)
        if room < len(self.processes):
            return INSUFFICIENT_SIZE
        for process, pid in zip(processes or (), self.processes, strict=False):
            process.pid = pid
        return 0

    def _utilization(self, _handle, rates):
        rates._obj.gpu = self.utilization
        return 0

    def _confidential(self, state):
        state._obj.ccFeature = self.is_confidential
        return 0


def _store(value, args):
    """Put a value where the caller wants it: one reference or two, or room for a text."""
    if isinstance(value, dict):
        value = value[args[1].value]
    if isinstance(value, bytes):
        args[-2].value = value
        return 0
    values = value if isinstance(value, tuple) else (value,)
    for each, target in zip(values, args[-len(values) :], strict=True):
        target._obj.value = each
    return 0


def install(monkeypatch, library):
    """Give the real bindings this library to call."""
    monkeypatch.setattr(pynvml, "nvmlLib", library)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    return library

"""The meters of NVIDIA boards: the real bindings on a driver's library that is ours."""

import pynvml
import pytest

from archstat.measuring.environment.gpu import gpu_record
from archstat.measuring.environment.nvml_lookup import open_board
from archstat.measuring.metering import MeterError
from archstat.measuring.meters.nvml import nvml_meter
from tests.measuring.boards import FakeClock
from tests.measuring.meters.fake_nvml import NO_PERMISSION, NOT_FOUND, NOT_SUPPORTED, UUID, FakeNvml, install


@pytest.fixture
def nvml(monkeypatch):
    return install(monkeypatch, FakeNvml())


@pytest.fixture
def clock():
    return FakeClock()


def refusal(uuid=UUID):
    with pytest.raises(MeterError) as caught:
        nvml_meter(uuid, FakeClock())
    assert str(caught.value) == caught.value.reason.text
    return caught.value.reason


def codes(meter):
    return [reason.code for reason in meter.probe().reasons]


# -- the counter -------------------------------------------------------------------------------------------------------


def test_the_counter_is_read_in_joules(nvml, clock):
    meter = nvml_meter(UUID, clock)
    assert (meter.id, meter.boundary) == ("nvml.total_energy", "GPU board")
    assert meter.read().joules == 5000.0
    nvml.values["nvmlDeviceGetTotalEnergyConsumption"] += 250
    assert meter.read().joules == 5000.25


@pytest.mark.usefixtures("nvml")
def test_a_reading_says_between_which_moments_it_was_taken(clock):
    meter = nvml_meter(UUID, clock)
    ask = meter._board.energy_j

    def slowly():
        clock.advance(0.002)
        return ask()

    meter._board.energy_j = slowly
    reading = meter.read()
    assert (reading.before_ns, reading.after_ns, reading.time_ns) == (0, 2_000_000, 1_000_000)


def test_a_counter_that_goes_backwards_is_an_error_until_it_starts_anew(nvml, clock):
    meter = nvml_meter(UUID, clock)
    meter.read()
    nvml.values["nvmlDeviceGetTotalEnergyConsumption"] = 100
    with pytest.raises(MeterError, match="backwards") as caught:
        meter.read()
    assert caught.value.reason.code == "ENERGY_BACKWARDS"
    meter.restart()
    assert meter.read().joules == 0.1


def test_a_board_that_is_lost_is_no_zero(nvml, clock):
    meter = nvml_meter(UUID, clock)
    nvml.refusals["nvmlDeviceGetTotalEnergyConsumption"] = 15
    with pytest.raises(MeterError, match="GPU is lost"):
        meter.read()


def test_momentary_power_is_that_of_the_field_which_is_momentary(nvml, clock):
    meter = nvml_meter(UUID, clock)
    assert meter.power().watts == 210.0
    nvml.field_refusals[186] = NOT_SUPPORTED
    assert meter.power() is None  # the plain reading is an average over a second on this board


@pytest.mark.parametrize(("capability", "watts"), [((7, 0), 123.0), ((8, 0), 123.0), ((8, 6), None), ((9, 0), None)])
def test_the_plain_reading_is_momentary_on_older_boards_only(nvml, clock, capability, watts):
    nvml.values["nvmlDeviceGetCudaComputeCapability"] = capability
    nvml.field_refusals[186] = NOT_SUPPORTED
    power = nvml_meter(UUID, clock).power()
    assert (power and power.watts) == watts


def test_each_field_may_be_refused_by_itself(nvml):
    board = open_board(UUID)
    nvml.field_refusals[186] = NO_PERMISSION
    assert board.fields("power", 185, 186) == (200_000, None)
    assert board.refused["power"] == "No permission for field 186; running unprivileged."


@pytest.mark.parametrize(
    ("capability", "is_sampled"), [((7, 0), False), ((8, 0), True), ((8, 6), False), ((8, 9), False), ((9, 0), True)]
)
def test_sensors_that_look_a_part_of_the_time_are_told(nvml, clock, capability, is_sampled):
    nvml.values["nvmlDeviceGetCudaComputeCapability"] = capability
    meter = nvml_meter(UUID, clock)
    assert meter.probe().is_sampled == is_sampled
    assert codes(meter) == ["SAMPLED_SENSOR"] * is_sampled


def test_confidential_computing_is_told(nvml, clock):
    nvml.is_confidential = 1
    assert codes(nvml_meter(UUID, clock)) == ["CC_ENABLED"]


@pytest.mark.parametrize(("pids", "others"), [([1], 0), ([1, 2, 3], 2)])
def test_one_of_the_processes_is_ours(nvml, clock, pids, others):
    nvml.processes = pids
    assert nvml_meter(UUID, clock).probe().processes == others


def test_processes_may_not_be_told(nvml, clock):
    nvml.missing.add("nvmlDeviceGetComputeRunningProcesses_v3")
    traits = nvml_meter(UUID, clock).probe()
    assert traits.processes is None
    (reason,) = traits.reasons
    assert reason.code == "OTHER_GPU_PROCESSES"
    assert reason.text == (
        "Whether others use this GPU is not known. The driver is too old for nvmlDeviceGetComputeRunningProcesses. "
        "Energy includes their load, if any."
    )


def test_a_list_without_our_own_process_hides_others_too(nvml, clock):
    nvml.processes = []
    traits = nvml_meter(UUID, clock).probe()
    assert traits.processes is None
    assert "lists no process, not even ours" in traits.reasons[0].text
    gpu, unknown = record_of()
    assert gpu.processes is None
    assert "not even ours" in unknown["processes"]


# -- without a counter -------------------------------------------------------------------------------------------------


def test_without_a_counter_power_is_integrated(nvml, clock):
    nvml.refusals["nvmlDeviceGetTotalEnergyConsumption"] = NOT_SUPPORTED
    meter = nvml_meter(UUID, clock)
    assert (meter.id, codes(meter)) == ("nvml.power", ["ENERGY_UNSUPPORTED"])
    assert meter.probe().window_s == 10.0
    assert meter.probe().gain_error == 0.05
    meter.restart()
    before = meter.read().joules
    clock.advance(2.0)
    nvml.fields[186] = 310_000
    assert meter.read().joules - before == pytest.approx((210 + 310) / 2 * 2)
    assert meter.power() is None


def test_an_average_over_a_second_needs_longer_to_settle(nvml, clock):
    nvml.refusals["nvmlDeviceGetTotalEnergyConsumption"] = NOT_SUPPORTED
    assert nvml_meter(UUID, clock).probe().settle_s == 1.0
    nvml.field_refusals[186] = NOT_SUPPORTED
    meter = nvml_meter(UUID, clock)
    assert meter.probe().settle_s == 2.0
    before = meter.read().joules
    clock.advance(1.0)
    assert meter.read().joules - before == pytest.approx(200)


def test_a_sensor_that_stops_answering_is_no_zero(nvml, clock):
    nvml.refusals["nvmlDeviceGetTotalEnergyConsumption"] = NOT_SUPPORTED
    meter = nvml_meter(UUID, clock)
    nvml.field_refusals[186] = 15
    with pytest.raises(MeterError, match="GPU is lost"):
        meter.read()


def test_without_counter_and_sensor_there_is_no_meter(nvml):
    nvml.refusals["nvmlDeviceGetTotalEnergyConsumption"] = NOT_SUPPORTED
    nvml.field_refusals.update({185: NOT_SUPPORTED, 186: NOT_SUPPORTED})
    nvml.refusals["nvmlDeviceGetPowerUsage"] = NOT_SUPPORTED
    assert refusal().code == "ENERGY_UNSUPPORTED"
    assert refusal().text.endswith("and no power sensor: energy not measured.")
    nvml.refusals["nvmlDeviceGetTotalEnergyConsumption"] = NO_PERMISSION
    assert refusal().code == "NVML_PERMISSION"
    assert "No permission for nvmlDeviceGetTotalEnergyConsumption" in refusal().text


def test_a_virtual_board_says_that_it_is_virtual(nvml, clock):
    nvml.refusals["nvmlDeviceGetTotalEnergyConsumption"] = NOT_SUPPORTED
    nvml.values["nvmlDeviceGetVirtualizationMode"] = 2
    assert codes(nvml_meter(UUID, clock)) == ["VGPU_WSL"]


# -- without a board ---------------------------------------------------------------------------------------------------


def test_a_board_in_instances_is_not_metered(nvml):
    nvml.values["nvmlDeviceGetMigMode"] = (1, 1)
    assert refusal().code == "MIG"
    nvml.values["nvmlDeviceGetMigMode"] = (0, 0)
    nvml.uuids = {UUID.replace("GPU-", "MIG-")}
    assert refusal().code == "MIG"


@pytest.mark.parametrize(
    ("code", "name"), [(9, "NVML_DRIVER"), (18, "NVML_DRIVER"), (4, "NVML_PERMISSION"), (12, "NVML_LIB_MISSING")]
)
def test_a_driver_that_does_not_work_is_told(nvml, code, name):
    nvml.refusals["nvmlInitWithFlags"] = code
    assert refusal().code == name


def test_a_board_that_nvml_does_not_know_is_told(nvml):
    assert refusal("GPU-other").code == "NVML_NO_BOARD"
    nvml.refusals["nvmlDeviceGetHandleByUUID"] = NOT_FOUND
    assert refusal().code == "NVML_NO_BOARD"


def test_without_bindings_there_is_no_meter(monkeypatch):
    monkeypatch.setattr("archstat.measuring.environment.nvml_lookup.pynvml", None)
    assert refusal().code == "PYNVML_MISSING"
    monkeypatch.setattr("archstat.measuring.environment.nvml_lookup.pynvml", object())
    assert refusal().code == "PYNVML_WRONG_PACKAGE"


@pytest.mark.usefixtures("nvml")
@pytest.mark.parametrize("name", ["NVMLLibraryMismatchError", "nvmlInit", "NVML_ERROR_NO_PERMISSION"])
def test_bindings_without_a_name_that_is_needed_are_the_wrong_ones(monkeypatch, name):
    monkeypatch.delattr(pynvml, name)
    assert refusal().code == "PYNVML_WRONG_PACKAGE"
    assert f"has no {name}: " in refusal().text


@pytest.mark.usefixtures("nvml")
def test_a_driver_that_the_bindings_are_too_new_for_is_told(monkeypatch):
    def too_new():
        raise pynvml.NVMLLibraryMismatchError("versions")

    monkeypatch.setattr(pynvml, "nvmlInit", too_new)
    assert refusal().code == "NVML_DRIVER"


# -- states and the record ---------------------------------------------------------------------------------------------


def test_reduced_clocks_are_counted_in_seconds(nvml, clock):
    state = nvml_meter(UUID, clock).state()
    assert state.throttled_s == {"power_cap": 2.0, "thermal": 1.0, "board_limit": 0.0, "reliability": 0.0}
    assert state.clock_reasons == ("power_cap", "thermal")
    assert (state.sm_clock_mhz, state.temperature_c, state.utilization) == (1410, 47, 3.0)
    del nvml.fields[74], nvml.fields[75]
    assert nvml_meter(UUID, clock).state().throttled_s == {"power_cap": 7.0, "board_limit": 0.0, "reliability": 0.0}


def test_a_board_that_tells_nothing_has_a_state_without_anything(nvml, clock):
    meter = nvml_meter(UUID, clock)
    nvml.values, nvml.fields, nvml.violations = {}, {}, {}
    nvml.refusals["nvmlDeviceGetUtilizationRates"] = NOT_SUPPORTED
    state = meter.state()
    assert state[1:] == (None, None, None, None, ())


def record_of(between=lambda: None):
    board = open_board(UUID)
    start = board.look(0)
    between()
    return gpu_record(board, start, board.look(1), name="A100", capability="8.0", seen=["idle"])


def test_the_record_tells_what_the_driver_told(nvml):
    def warm():
        nvml.values["nvmlDeviceGetTemperature"] = 61
        nvml.fields[74] += 10**9
        nvml.processes = [1, 2]

    gpu, unknown = record_of(warm)
    assert unknown == {}
    assert (gpu.name, gpu.capability, gpu.driver, gpu.cuda_driver, gpu.vbios) == (
        "A100",
        "8.0",
        "575.1",
        "12.4",
        "96.00.01",
    )
    assert (gpu.is_mig, gpu.compute_mode, gpu.persistence, gpu.ecc) == (False, "exclusive_process", True, True)
    assert (gpu.is_confidential, gpu.virtualization) == (False, "none")
    assert (gpu.power_limit_w, gpu.power_default_w, gpu.power_min_w, gpu.power_max_w) == (350, 400, 100, 450)
    assert (gpu.sm_clock_mhz, gpu.memory_clock_mhz) == ((1410, 1410), (1215, 1215))
    assert (gpu.max_sm_clock_mhz, gpu.max_memory_clock_mhz, gpu.temperature_c) == (1980, 2619, (47, 61))
    assert (gpu.performance_state, gpu.processes, gpu.idle_utilization, gpu.link) == ("P2", 1, 3.0, "PCIe 5 x16")
    assert (gpu.throttled, gpu.clock_reasons) == ({"power_cap": 1.0}, ("idle", "power_cap", "thermal"))


def test_the_identity_of_a_board_is_stored_as_a_hash(nvml):
    gpu, _ = record_of()
    assert len(gpu.uuid_hash) == 16
    assert UUID not in repr(gpu)
    nvml.uuids = {"GPU-other"}
    other = open_board("GPU-other")
    assert gpu_record(other, other.look(0), other.look(1), name="")[0].uuid_hash != gpu.uuid_hash


def test_what_the_driver_refuses_is_none_with_a_reason(nvml):
    nvml.refusals.update(
        nvmlDeviceGetEccMode=NOT_SUPPORTED,
        nvmlDeviceGetPowerManagementLimitConstraints=NO_PERMISSION,
        nvmlDeviceGetTemperature=NOT_SUPPORTED,
    )
    nvml.missing.update({"nvmlDeviceGetVbiosVersion", "nvmlDeviceGetComputeRunningProcesses_v3"})
    gpu, unknown = record_of()
    assert (gpu.ecc, gpu.power_min_w, gpu.power_max_w, gpu.temperature_c, gpu.vbios, gpu.processes) == (None,) * 6
    assert sorted(unknown) == ["ecc", "power_max_w", "power_min_w", "processes", "temperature_c", "vbios"]
    assert unknown["ecc"] == "nvmlDeviceGetEccMode: Not Supported."
    assert unknown["power_max_w"].startswith("No permission for nvmlDeviceGetPowerManagementLimitConstraints")
    assert unknown["vbios"] == "The driver is too old for nvmlDeviceGetVbiosVersion."
    assert unknown["processes"] == "The driver is too old for nvmlDeviceGetComputeRunningProcesses."


@pytest.mark.usefixtures("nvml")
def test_bindings_may_be_too_old():
    board = open_board(UUID)
    assert board.ask("ecc", "GetNoSuchThing") is None
    assert board.refused == {"ecc": "The installed nvidia-ml-py does not know nvmlDeviceGetNoSuchThing."}


@pytest.mark.usefixtures("nvml")
def test_bindings_that_do_not_name_the_scope_of_a_board_still_tell_its_power(monkeypatch):
    monkeypatch.delattr(pynvml, "NVML_POWER_SCOPE_GPU")
    assert open_board(UUID).fields("power", 185, 186) == (200_000, 210_000)


@pytest.mark.usefixtures("nvml")
def test_what_bindings_raise_by_mistake_is_a_refusal(monkeypatch):
    def before_scopes(_handle, numbers):
        return [int(number) for number in numbers]

    monkeypatch.setattr(pynvml, "nvmlDeviceGetFieldValues", before_scopes)
    board = open_board(UUID)
    assert board.fields("power", 185, 186) == (None, None)
    assert board.refused == {"power": "The installed nvidia-ml-py fails at nvmlDeviceGetFieldValues: TypeError."}


def test_a_field_of_an_unknown_type_is_refused(nvml, monkeypatch):
    monkeypatch.setattr(pynvml, "NVML_VALUE_TYPE_UNSIGNED_INT", 99)
    board = open_board(UUID)
    assert board.fields("power", 186) == (None,)
    assert board.refused == {"power": "Field 186 is of a type 99 that is not known."}
    assert nvml.fields[186]

/* A driver's library for tests: one board that draws what it is told to, on a clock that is told too.
   The counter steps every FAKE_STEP_MS (default 100) milliseconds, as those of real boards do.
   FAKE_INIT=<code>, FAKE_ENERGY=<code>, FAKE_POWER=<code>: refuse with that code; FAKE_MIG=1: in instances. */
#include <stdlib.h>
#include <string.h>

typedef struct {
    unsigned field, scope;
    long long timestamp, latency;
    int type, code;
    union { double real; unsigned small; unsigned long long large; } value;
} field_value;

static double now_s, watts, joules, counted_j;
static long long steps;

static int code_of(const char *name) {
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

static double step_s(void) {
    int ms = code_of("FAKE_STEP_MS");
    return (ms ? ms : 100) / 1e3;
}

/* Let time pass at some power. */
void fake_pass(double seconds, double at_watts) {
    double end = now_s + seconds;
    watts = at_watts;
    while ((steps + 1) * step_s() <= end) {
        joules += watts * ((steps + 1) * step_s() - now_s);
        now_s = ++steps * step_s();
        counted_j = joules;
    }
    joules += watts * (end - now_s);
    now_s = end;
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; return code_of("FAKE_INIT"); }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { (void)code; return "an error of the fake"; }

int nvmlDeviceGetHandleByUUID(const char *uuid, void **board) {
    *board = &now_s;
    return strcmp(uuid, "GPU-fake") ? 6 : 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *board, unsigned long long *millijoules) {
    (void)board;
    *millijoules = (unsigned long long)(counted_j * 1e3);
    return code_of("FAKE_ENERGY");
}

int nvmlDeviceGetPowerUsage(void *board, unsigned *milliwatts) {
    (void)board;
    *milliwatts = (unsigned)(watts * 1e3);
    return code_of("FAKE_POWER");
}

int nvmlDeviceGetFieldValues(void *board, int count, field_value *values) {
    (void)board;
    for (int i = 0; i < count; i++) {
        values[i].code = values[i].field == 186 ? code_of("FAKE_POWER") : 3;
        values[i].type = 1;
        values[i].value.small = (unsigned)(watts * 1e3);
    }
    return 0;
}

int nvmlDeviceGetMigMode(void *board, unsigned *current, unsigned *pending) {
    (void)board;
    *current = *pending = (unsigned)code_of("FAKE_MIG");
    return 0;
}

typedef struct { unsigned pid; unsigned long long bytes; unsigned instance, part; } process;

/* Ours alone; without room for it, how much there must be. */
int nvmlDeviceGetComputeRunningProcesses_v3(void *board, unsigned *count, process *processes) {
    (void)board;
    *count = 1;
    if (!processes) return 7;
    memset(processes, 0, sizeof *processes);
    return 0;
}

"""What loggers wrote, read back by the libraries that write it."""

import json


def scalars(folder):
    """Read TensorBoard's event files: by name, the pairs of step and value."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder)).Reload()
    return {name: [(each.step, each.value) for each in found.Scalars(name)] for name in found.Tags()["scalars"]}


def wandb_numbers(folder):
    """Read the file of W&B's offline run: by name, the values in order."""
    from wandb.proto import wandb_internal_pb2
    from wandb.sdk.internal.datastore import DataStore

    (path,) = folder.rglob("*.wandb")
    store, found = DataStore(), {}
    store.open_for_scan(str(path))
    while data := store.scan_data():
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        for item in record.history.item if record.WhichOneof("record_type") == "history" else ():
            name = item.key or ".".join(item.nested_key)
            found.setdefault(name, []).append(json.loads(item.value_json))
    return found


def mlflow_numbers(folder):
    """Read the files of MLflow's one run: by name, the values in order."""
    found = {}
    for path in folder.rglob("metrics/**/*"):
        if path.is_file():
            name = str(path).partition("/metrics/")[2]
            found[name] = [float(line.split()[1]) for line in path.read_text().splitlines()]
    return found

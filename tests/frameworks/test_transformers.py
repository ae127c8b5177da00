import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

from archstat.frameworks.transformers import ArchstatCallback
from archstat.frameworks.watch import ArchstatWarning
from tests.frameworks.logs import scalars
from tests.frameworks.networks import are_equal, weights_of

TOKENS, WIDTH, INNER, LABELS = 8, 16, 32, 2


def sentences(lengths=(TOKENS,) * 16):
    generator = torch.Generator().manual_seed(0)
    return [
        {"input_ids": torch.randint(0, 50, (length,), generator=generator), "labels": number % LABELS}
        for number, length in enumerate(lengths)
    ]


def trainer_of(tmp_path, kind=Trainer, data=None, **options):
    set_seed(1)
    config = BertConfig(
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=INNER,
        vocab_size=50,
        max_position_embeddings=16,
        num_labels=LABELS,
    )
    chosen = {"max_steps": 4, "logging_steps": 2, "save_strategy": "no", "report_to": "none", **options}
    args = TrainingArguments(
        str(tmp_path / "out"), per_device_train_batch_size=2, use_cpu=True, disable_tqdm=True, **chosen
    )
    data = data or sentences()
    return kind(BertForSequenceClassification(config), args, train_dataset=data, eval_dataset=data)


def trained(tmp_path, watched=True, **options):
    trainer = trainer_of(tmp_path, **options)
    if watched:
        trainer.add_callback(ArchstatCallback(trainer, depth=0, peak=1e12))
    trainer.train()
    return trainer


def forward_macs(batch=2, tokens=TOKENS):
    """Four projections, two products of attention, the two layers behind; the pooler and the classifier see one."""
    layer = 4 * tokens * WIDTH * WIDTH + 2 * tokens * tokens * WIDTH + 2 * tokens * WIDTH * INNER
    return batch * (layer + WIDTH * WIDTH + WIDTH * LABELS)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_accumulation_steps": 2, "label_smoothing_factor": 0.1, "eval_strategy": "steps", "eval_steps": 2},
    ],
    ids=["plain", "accumulated"],
)
@pytest.mark.sampled(2)
def test_a_training_is_the_same_to_the_last_bit_and_the_numbers_are_in_its_log(tmp_path, options):
    plain, seen = trained(tmp_path, watched=False, **options), trained(tmp_path, **options)
    assert are_equal(weights_of(plain.model), weights_of(seen.model))
    losses = [[each["loss"] for each in run.state.log_history if "loss" in each] for run in (plain, seen)]
    assert losses[0] == losses[1]
    assert "compute_loss" not in vars(seen)
    told = [each for each in seen.state.log_history if "archstat/step_macs" in each]
    # Nothing comes before the embedding, which asks for no product: each product of the forward pass has two.
    assert [(each["archstat/forward_macs"], each["archstat/step_macs"]) for each in told] == [
        (forward_macs(), 3 * forward_macs())
    ]
    assert [each["step"] for each in seen.state.log_history if "archstat/mfu" in each] == [2, 4]


def test_what_report_to_names_gets_the_numbers(tmp_path, monkeypatch):
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "logs"))
    trained(tmp_path, report_to=["tensorboard"])
    (folder,) = {path.parent for path in tmp_path.rglob("events.out.tfevents*") if len(scalars(path.parent)) > 1}
    found = scalars(folder)
    assert found["train/archstat/step_macs"] == [(1, 3 * forward_macs())]
    assert [step for step, _ in found["train/archstat/mfu"]] == [2, 4]


def test_the_loss_is_the_trainers_own(tmp_path):
    class Twice(Trainer):
        def compute_loss(self, model, inputs, *_, **__):
            return sum(super(Twice, self).compute_loss(model, dict(inputs)) for _ in range(2))

    (told,) = [each for each in trained(tmp_path, kind=Twice).state.log_history if "archstat/step_macs" in each]
    assert told["archstat/forward_macs"] == 2 * forward_macs()


def test_each_length_is_counted(tmp_path):
    seen = trained(tmp_path, data=sentences([8, 8, 6, 6, 8, 8, 6, 6]), train_sampling_strategy="sequential")
    assert [each["step"] for each in seen.state.log_history if "archstat/mfu" in each] == [2, 4]


@pytest.mark.rare
def test_what_cannot_be_counted_is_told_once_and_trained(tmp_path):
    class Branching(Trainer):
        def compute_loss(self, *args, **kwargs):
            loss = super().compute_loss(*args, **kwargs)
            return loss * 2 if loss > 1 else loss

    plain = trained(tmp_path, watched=False, kind=Branching)
    with pytest.warns(ArchstatWarning, match="was not counted: .*values") as told:
        seen = trained(tmp_path, kind=Branching)
    assert len([each for each in told if each.category is ArchstatWarning]) == 1
    assert are_equal(weights_of(plain.model), weights_of(seen.model))

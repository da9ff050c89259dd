"""Loads every export with the package it is meant for, where that is installed; says "skipped" otherwise.

Usage: python3 tests/load_exports.py FOLDER. Exit code 1 where a package refuses what was written for it.
"""

import json
import os
import sys
import warnings

os.environ.setdefault("DEEPEVAL_TELEMETRY_OPT_OUT", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore")

folder = sys.argv[1]


def path(name):
    return os.path.join(folder, name)


def lines(name):
    with open(path(name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def whole(name):
    with open(path(name), encoding="utf-8") as file:
        return json.load(file)


def huggingface():
    import datasets

    datasets.disable_progress_bar()
    place = path("huggingface")
    found = {}
    for config in datasets.get_dataset_config_names(place):
        loaded = datasets.load_dataset(place, config)
        found[config] = {split: len(rows) for split, rows in loaded.items()}
        for split, rows in loaded.items():
            assert len(rows) > 0, (config, split)
    assert set(found) >= {"labels"}, found
    return found


def json_lines():
    import datasets

    datasets.disable_progress_bar()
    found = {}
    names = ["openai-sft", "openai-preference", "trl-sft", "trl-preference", "trl-kto", "trl-stepwise", "langsmith"]
    for name in names:
        rows = datasets.load_dataset("json", data_files=path(name + ".jsonl"), split="train")
        assert len(rows) == len(lines(name + ".jsonl")), name
        found[name] = len(rows)
    return found


def trl():
    from trl import data_utils

    for name in ["trl-sft", "trl-preference", "trl-kto"]:
        for row in lines(name + ".jsonl"):
            assert data_utils.is_conversational(row), name
    return "conversational"


def deepeval_single():
    from deepeval.dataset import EvaluationDataset, Golden

    dataset = EvaluationDataset()
    dataset.add_goldens_from_json_file(path("deepeval.json"), input_key_name="input")
    goldens = [Golden(**row) for row in whole("deepeval.json")]
    assert len(dataset.goldens) == len(goldens)
    return len(goldens)


def deepeval_multi():
    # Older versions, which have no turns of their own, read another form.
    from deepeval.dataset import ConversationalGolden
    from deepeval.test_case import Turn  # noqa: F401

    return len([ConversationalGolden(**row) for row in whole("deepeval-multi.json")])


def inspect():
    from inspect_ai.dataset import json_dataset

    dataset = json_dataset(path("inspect.jsonl"))
    assert len(dataset) == len(lines("inspect.jsonl"))
    return len(dataset)


def langsmith():
    from langsmith.schemas import ExampleCreate

    return len([ExampleCreate(**row) for row in lines("langsmith.jsonl")])


def phoenix():
    body = whole("phoenix.json")
    lengths = {len(body[key]) for key in ["inputs", "outputs", "metadata", "splits", "span_ids", "example_ids"]}
    assert len(lengths) == 1, lengths
    return lengths.pop()


def csv_table():
    import csv

    with open(path("labels.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["conversation_id"] for row in rows)
    assert not any((cell or "").startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    return len(rows)


CHECKS = [huggingface, json_lines, trl, deepeval_single, deepeval_multi, inspect, langsmith, phoenix, csv_table]
failed = False
for check in CHECKS:
    try:
        print(f"{check.__name__}: {check()}")
    except ImportError as error:
        print(f"{check.__name__}: skipped: {error}")
    except Exception as error:  # noqa: BLE001, whatever a package raises is a refusal
        print(f"{check.__name__}: FAILED: {type(error).__name__}: {error}")
        failed = True
sys.exit(1 if failed else 0)

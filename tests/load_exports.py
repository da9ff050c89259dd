"""Loads every export with the package it is meant for, where that is installed; says "skipped" otherwise.

Usage: python3 tests/load_exports.py FOLDER. Exit code 1 where a package refuses what was written for it. Nothing is
downloaded: PROMPTFOO_MODULES may name a node_modules folder that holds promptfoo.
"""

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

os.environ.setdefault("DEEPEVAL_TELEMETRY_OPT_OUT", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")

folder = sys.argv[1]


class Skipped(Exception):
    """There is nothing to load with, or nothing to load."""


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


def parquet():
    import pyarrow.parquet as pq

    table = pq.read_table(path("labels.parquet"))
    rows = lines("labels.jsonl")
    assert table.num_rows == len(rows), table.num_rows
    for read, row in zip(table.to_pylist(), rows):
        for name, value in row.items():
            same = read[name] == value if isinstance(value, str) else json.loads(read[name] or "null") == value
            assert same, (name, read[name], value)
    return {"rows": table.num_rows, "columns": table.num_columns}


def openai_chat():
    """Messages and tools by the types that the provider publishes, and the rules of its fine-tuning guide."""
    from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
    from pydantic import TypeAdapter

    messages = TypeAdapter(list[ChatCompletionMessageParam])
    tools = TypeAdapter(list[ChatCompletionFunctionToolParam])

    def check(chat, offered):
        plain = [{key: value for key, value in row.items() if key != "weight"} for row in chat]
        messages.validate_python(plain, strict=True)
        tools.validate_python(offered, strict=True)
        called = [call["id"] for row in chat for call in row.get("tool_calls") or []]
        answered = [row["tool_call_id"] for row in chat if row["role"] == "tool"]
        assert all(answer in called for answer in answered), (called, answered)
        for row in chat:
            assert row.get("weight", 0) in (0, 1) and ("weight" not in row or row["role"] == "assistant"), row
            for call in row.get("tool_calls") or []:
                json.loads(call["function"]["arguments"])

    for row in lines("openai-sft.jsonl"):
        assert set(row) <= {"messages", "tools", "parallel_tool_calls"}, set(row)
        check(row["messages"], row.get("tools") or [])
        assert row["messages"][-1]["role"] == "assistant"
        assert any(m["role"] == "assistant" and m.get("weight", 1) == 1 for m in row["messages"]), "nothing to learn"
    for row in lines("openai-preference.jsonl"):
        assert set(row) == {"input", "preferred_output", "non_preferred_output"}, set(row)
        for side in ["preferred_output", "non_preferred_output"]:
            assert len(row[side]) == 1 and row[side][0]["role"] == "assistant"
            check(row["input"]["messages"] + row[side], row["input"].get("tools") or [])
    return {"sft": len(lines("openai-sft.jsonl")), "preference": len(lines("openai-preference.jsonl"))}


def trl():
    from trl import data_utils

    kinds = {
        "trl-sft": {"messages"},
        "trl-preference": {"prompt", "chosen", "rejected"},
        "trl-kto": {"prompt", "completion", "label"},
    }
    found = {}
    for name, fields in kinds.items():
        rows = lines(name + ".jsonl")
        for row in rows:
            assert fields <= set(row) or {"prompt", "completion"} <= set(row), (name, set(row))
            assert data_utils.is_conversational(row), name
        found[name] = len(rows)
    assert all(isinstance(row["label"], bool) for row in lines("trl-kto.jsonl"))
    for row in lines("trl-stepwise.jsonl"):
        assert isinstance(row["prompt"], str) and len(row["completions"]) == len(row["labels"]) > 0
        assert all(isinstance(label, bool) for label in row["labels"])
    pairs = lines("trl-preference.jsonl")
    # What the trainers do first: a prompt both sides share is found again.
    if pairs and hasattr(data_utils, "extract_prompt"):
        row = pairs[0]
        joined = {"chosen": row["prompt"] + row["chosen"], "rejected": row["prompt"] + row["rejected"]}
        assert data_utils.extract_prompt(joined)["prompt"] == row["prompt"]
    return found


def deepeval_single():
    from deepeval.dataset import EvaluationDataset, Golden

    dataset = EvaluationDataset()
    dataset.add_goldens_from_json_file(path("deepeval.json"), input_key_name="input")
    goldens = [Golden(**row) for row in whole("deepeval.json")]
    assert len(dataset.goldens) == len(goldens)
    wanted = sum(len(row.get("expected_tools") or []) for row in whole("deepeval.json"))
    assert sum(len(golden.expected_tools or []) for golden in dataset.goldens) == wanted
    return len(goldens)


def deepeval_multi():
    # Older versions, which have no turns of their own, read another form.
    from deepeval.dataset import ConversationalGolden, EvaluationDataset
    from deepeval.test_case import Turn  # noqa: F401

    goldens = [ConversationalGolden(**row) for row in whole("deepeval-multi.json")]
    dataset = EvaluationDataset()
    dataset.add_goldens_from_json_file(path("deepeval-multi.json"))
    assert len(dataset.goldens) == len(goldens)
    assert all(isinstance(golden, ConversationalGolden) for golden in dataset.goldens)
    return len(goldens)


def inspect():
    from inspect_ai.dataset import json_dataset

    dataset = json_dataset(path("inspect.jsonl"))
    rows = lines("inspect.jsonl")
    assert len(dataset) == len(rows)
    for sample, row in zip(dataset, rows):
        assert [message.role for message in sample.input] == [message["role"] for message in row["input"]]
    return len(dataset)


def langsmith():
    from langsmith.schemas import ExampleCreate, FeedbackCreate, FeedbackSourceBase

    rows = lines("langsmith.jsonl")
    for row in rows:
        example = ExampleCreate(**row)
        assert example.inputs == row["inputs"] and (example.reference_outputs or {}) == (row.get("outputs") or {})
    feedback = lines("langsmith-feedback.jsonl")
    for row in feedback:
        source = FeedbackSourceBase(**row["feedback_source"])
        FeedbackCreate(**{**row, "id": "00000000-0000-4000-8000-000000000000", "feedback_source": source})
    return {"examples": len(rows), "feedback": len(feedback)}


def langfuse():
    from langfuse.api.core.serialization import convert_and_respect_annotation_metadata
    from langfuse.api.dataset_items.types.create_dataset_item_request import CreateDatasetItemRequest
    from langfuse.api.scores.types.create_score_request import CreateScoreRequest

    def read(kind, row):
        # As its client reads and writes them: the names on the wire become those of the model.
        fields = convert_and_respect_annotation_metadata(object_=row, annotation=kind, direction="read")
        made = kind.model_validate(fields)
        assert not (made.model_extra or {}), made.model_extra
        return made

    items, scores = lines("langfuse.jsonl"), lines("langfuse-scores.jsonl")
    for row in items:
        item = read(CreateDatasetItemRequest, row)
        assert item.dataset_name == row["datasetName"] and len(item.id) <= 255
    for row in scores:
        score = read(CreateScoreRequest, row)
        assert score.trace_id == row["traceId"] and score.data_type == row["dataType"]
        assert isinstance(score.value, str)
    return {"items": len(items), "scores": len(scores)}


def phoenix():
    body = whole("phoenix.json")
    lengths = {len(body[key]) for key in ["inputs", "outputs", "metadata", "splits", "span_ids", "example_ids"]}
    assert len(lengths) == 1, lengths
    try:
        import httpx
        from phoenix.client.resources.datasets import Datasets
    except ImportError:
        return f"{lengths.pop()} rows; skipped the client, which is not installed"
    sent = []

    def answer(request):
        if request.url.path.endswith("/datasets/upload"):
            body = request.read()
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            sent.append(json.loads(body))
        if request.url.path.endswith("/arize_phoenix_version"):
            return httpx.Response(200, text="99.0.0")
        return httpx.Response(418)

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://nowhere.invalid")
    columns = {"inputs": "input", "outputs": "output", "metadata": "metadata", "splits": "splits"}
    columns |= {"span_ids": "span_id", "example_ids": "id"}
    examples = [dict(zip(columns.values(), row)) for row in zip(*(body[key] for key in columns))]
    try:
        Datasets(client).create_dataset(name=body["name"], examples=examples)
    except Exception:  # noqa: BLE001, what the teapot answers is no matter; what does not reach it is
        if not sent:
            raise
    # The client passed all its own checks, and would send what the file holds.
    assert sent, "nothing would be sent"
    for key in columns:
        assert sent[0][key] == body[key], key
    return len(body["inputs"])


def phoenix_annotations():
    import pandas
    from phoenix.client.utils.annotation_helpers import (
        _chunk_span_annotations_dataframe,
        _validate_span_annotations_dataframe,
    )

    rows = lines("phoenix-annotations.jsonl")
    frame = pandas.DataFrame(rows)
    _validate_span_annotations_dataframe(dataframe=frame)
    made = [one for chunk in _chunk_span_annotations_dataframe(dataframe=frame) for one in chunk]
    assert len(made) == len(rows)
    return len(made)


def mlflow():
    from mlflow.entities import AssessmentSource, Expectation, Feedback

    rows = lines("mlflow-assessments.jsonl")
    for row in rows:
        kind = {"feedback": Feedback, "expectation": Expectation}[row["kind"]]
        fields = {key: row[key] for key in ["trace_id", "span_id", "name", "value", "metadata"]}
        if kind is Feedback:
            fields["rationale"] = row["rationale"]
        made = kind(source=AssessmentSource(**row["source"]), **fields)
        made.to_proto()
    data = lines("mlflow.jsonl")
    assert all(set(row) <= {"inputs", "outputs", "expectations", "tags"} and row["inputs"] for row in data)
    return {"assessments": len(rows), "rows": len(data)}


def promptfoo():
    modules = os.environ.get("PROMPTFOO_MODULES")
    node = shutil.which("node")
    if not modules or not node:
        raise Skipped("PROMPTFOO_MODULES names no folder, or there is no node")
    script = """
        const load = async () => {
            const { default: promptfoo, ...all } = await import(process.argv[2]);
            const fs = await import('node:fs');
            const tests = fs.readFileSync(process.argv[3], 'utf8').trim().split('\\n').map((line) => JSON.parse(line));
            const suite = { providers: ['echo'], prompts: ['{{messages | dump}}'], tests };
            const schema = all.TestSuiteConfigSchema ?? promptfoo?.TestSuiteConfigSchema;
            if (schema) schema.parse(suite);
            else throw new Error('no schema is exported: ' + Object.keys(all).join(' '));
            console.log(tests.length);
        };
        load().catch((error) => { console.error(String(error.message ?? error).slice(0, 2000)); process.exit(1); });
    """
    with tempfile.NamedTemporaryFile("w", suffix=".mjs", delete=False) as file:
        file.write(script)
    entry = os.path.join(os.path.abspath(modules), "promptfoo", "dist", "src", "index.js")
    ran = subprocess.run([node, file.name, entry, path("promptfoo.jsonl")], capture_output=True, text=True)
    os.unlink(file.name)
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout)


def csv_table():
    with open(path("labels.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["conversation_id"] for row in rows)
    assert not any((cell or "").startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    return len(rows)


CHECKS = [
    huggingface,
    json_lines,
    parquet,
    openai_chat,
    trl,
    deepeval_single,
    deepeval_multi,
    inspect,
    langsmith,
    langfuse,
    phoenix,
    phoenix_annotations,
    mlflow,
    promptfoo,
    csv_table,
]
failed = False
for check in CHECKS:
    try:
        print(f"{check.__name__}: {check()}", flush=True)
    except (ImportError, Skipped) as error:
        print(f"{check.__name__}: skipped: {error}", flush=True)
    except Exception as error:  # noqa: BLE001, whatever a package raises is a refusal
        print(f"{check.__name__}: FAILED: {type(error).__name__}: {str(error)[:1500]}", flush=True)
        failed = True
sys.exit(1 if failed else 0)

"""Times fi.evals' local metrics on conversations in the adapter's form: `against_fi_evals.py FILE REPEATS`.

Prints a line for each measurement, parted by tabs: what was measured, seconds for the metrics alone (inputs built before),
and seconds with building the inputs. All metrics of agents and calls that need neither a reference nor thoughts are measured, and once more
without `action_safety`, which takes most of the time: it searches every result of a tool with eleven expressions.
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "assets" / "adapters"))
import fi_evals as adapter

conversations = [json.loads(line) for line in open(sys.argv[1])]
repeats = int(sys.argv[2])
validation = adapter.ParameterValidation()


def built(conversation):
    """Everything the metrics take, made ready."""
    known = [adapter.definition(tool) for tool in conversation["tools"] if tool.get("parameters")]
    calls = [row for row in conversation["transcript"] if row.get("tool")]
    made = [adapter.FunctionCall(name=row["tool"], arguments=adapter.parsed(row["arguments"])) for row in calls]
    checks = [adapter.FunctionCallInput(response=call, function_definitions=known) for call in made] if known else []
    return adapter.trajectory(conversation), checks


def measured(inputs, metrics):
    trajectory, checks = inputs
    for metric in metrics:
        metric.compute_one(trajectory)
    for check in checks:
        validation.compute_one(check)


def seconds(ready, metrics):
    """Of the metrics alone, and with building the inputs."""
    start = time.perf_counter()
    for _ in range(repeats):
        for inputs in ready:
            measured(inputs, metrics)
    alone = time.perf_counter() - start
    start = time.perf_counter()
    for conversation in conversations:
        measured(built(conversation), metrics)
    return alone, (time.perf_counter() - start) * repeats


ready = [built(conversation) for conversation in conversations]
quick = [metric for name, metric in adapter.TRAJECTORY.items() if name != "action_safety"]
every = list(adapter.TRAJECTORY.values())
for what, metrics in ((f"all {len(every) + 1} metrics", every), (f"{len(quick) + 1} metrics, without action_safety", quick)):
    print(what, *seconds(ready, metrics), sep="\t")

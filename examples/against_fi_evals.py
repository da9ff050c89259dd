"""Times fi.evals' local metrics on conversations in the adapter's form: `against_fi_evals.py FILE REPEATS`.

Prints two lines: seconds for the metrics alone (inputs built before), and seconds with building the inputs.
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


def measured(inputs):
    trajectory, checks = inputs
    for metric in adapter.TRAJECTORY.values():
        metric.compute_one(trajectory)
    for check in checks:
        validation.compute_one(check)


ready = [built(conversation) for conversation in conversations]
start = time.perf_counter()
for _ in range(repeats):
    for inputs in ready:
        measured(inputs)
print(time.perf_counter() - start)
start = time.perf_counter()
for conversation in conversations:
    measured(built(conversation))
print((time.perf_counter() - start) * repeats)

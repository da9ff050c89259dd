#!/usr/bin/env python3
"""Scores of fi.evals (FutureAGI's `ai-evaluation`) for `aftercall evaluate --command`.

    pip install ai-evaluation
    aftercall evaluate --name fi.evals --command 'python3 assets/adapters/fi_evals.py'

Reads one conversation a line, writes its scores in one line. Only the local, deterministic metrics run: nothing is sent
anywhere. What a metric needs and a conversation lacks (expected calls, schemas) makes it abstain with the reason;
`reasoning_quality` is left out, since transcripts hold no thoughts.
"""

import json
import sys

try:
    from importlib.metadata import version

    from fi.evals.metrics.agents import (
        ActionSafety,
        GoalProgress,
        StepEfficiency,
        TaskCompletion,
        ToolSelectionAccuracy,
        TrajectoryScore,
    )
    from fi.evals.metrics.agents.types import AgentStep, AgentTrajectoryInput, TaskDefinition, ToolCall
    from fi.evals.metrics.function_calling import FunctionCallAccuracy, ParameterValidation
    from fi.evals.metrics.function_calling.types import (
        FunctionCall,
        FunctionCallInput,
        FunctionDefinition,
        ParameterSpec,
    )
except ImportError as error:
    sys.exit(f"fi.evals is not here ({error}); pip install ai-evaluation")

VERSION = version("ai-evaluation")
TRAJECTORY = {
    "task_completion": TaskCompletion(),
    "step_efficiency": StepEfficiency(),
    "tool_selection_accuracy": ToolSelectionAccuracy(),
    "trajectory_score": TrajectoryScore(),
    "goal_progress": GoalProgress(),
    "action_safety": ActionSafety(),
}


def parsed(arguments):
    """Arguments as an object; what is none counts as no arguments, as in the library itself."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return {}
    return arguments if isinstance(arguments, dict) else {}


def steps(transcript):
    """The agent's part of a transcript as steps: what it says, then the calls up to its next words."""
    found = []
    for row in transcript:
        if row["role"] == "user":
            continue
        if row.get("tool"):
            result = row.get("result")
            failed = isinstance(result, str) and result.lstrip('{" ').lower().startswith("error")
            call = ToolCall(name=row["tool"], arguments=parsed(row.get("arguments")), result=result, success=not failed)
            if not found or found[-1].action is not None:
                found.append(AgentStep(step_number=len(found) + 1))
            found[-1].tool_calls.append(call)
            found[-1].observation = result
        else:
            found.append(AgentStep(step_number=len(found) + 1, action=row.get("text") or ""))
    if found:
        found[-1].is_final = True
    return found


def trajectory(conversation):
    """The input of the trajectory metrics."""
    transcript = conversation["transcript"]
    first = next((row["text"] for row in transcript if row["role"] == "user" and row.get("text")), "")
    last = next((row["text"] for row in reversed(transcript) if row["role"] == "assistant" and row.get("text")), None)
    expected = conversation.get("expected")
    task = TaskDefinition(description=first or "(nothing said)")
    if expected:
        task.required_tools = sorted({call["tool"] for call in expected})
    tools = [tool["name"] for tool in conversation["tools"]] or None
    return AgentTrajectoryInput(trajectory=steps(transcript), task=task, final_result=last, available_tools=tools)


def definition(tool):
    """A tool's schema as the flat list of parameters that the library checks."""
    schema = parsed(tool.get("parameters"))
    required = schema.get("required") or []
    known = schema.get("properties") or {}
    # A parameter may have a list of types; the library knows one name.
    kind = lambda spec: spec.get("type") if isinstance(spec.get("type"), str) else "any"
    parameters = [ParameterSpec(name=name, type=kind(spec), required=name in required) for name, spec in known.items()]
    return FunctionDefinition(name=tool["name"], parameters=parameters)


def mean(values):
    return sum(values) / len(values)


def scores(conversation):
    """Every score of a conversation."""

    def score(name, value=None, explanation=None):
        told = {"evaluator": f"fi.evals/{name}", "version": VERSION, "source": "fi.evals"}
        if value is not None:
            told["value"] = value
        if explanation:
            told["explanation"] = explanation
        return told

    told = trajectory(conversation)
    for name, metric in TRAJECTORY.items():
        answer = metric.compute_one(told)
        yield score(name, answer["output"], answer.get("reason"))
    calls = [row for row in conversation["transcript"] if row.get("tool")]
    made = [FunctionCall(name=row["tool"], arguments=parsed(row.get("arguments"))) for row in calls]
    tools = [definition(tool) for tool in conversation["tools"] if tool.get("parameters")]
    if made and tools:
        metric = ParameterValidation()
        known = {tool.name for tool in tools}
        checked = [call for call in made if call.name in known]
        values = [metric.compute_one(FunctionCallInput(response=call, function_definitions=tools))["output"] for call in checked]
        if values:
            yield score("parameter_validation", mean(values), f"mean of {len(values)} calls")
    else:
        yield score("parameter_validation", explanation="cannot tell: no calls, or no schemas")
    expected = conversation.get("expected")
    if expected:
        wanted = [FunctionCall(name=call["tool"], arguments=parsed(call.get("arguments"))) for call in expected]
        if made:
            answer = FunctionCallAccuracy().compute_one(FunctionCallInput(response=made, expected_response=wanted))
            yield score("function_call_accuracy", answer["output"], answer.get("reason"))
        else:
            yield score("function_call_accuracy", 0.0, "nothing was called")
    else:
        yield score("function_call_accuracy", explanation="cannot tell: no expected calls")


def main():
    for line in sys.stdin:
        if not line.strip():
            continue
        conversation = json.loads(line)
        answer = {"conversation": conversation["conversation"]}
        try:
            answer["scores"] = list(scores(conversation))
        except Exception as error:  # One conversation the library cannot take is no reason to stop.
            answer["error"] = f"{type(error).__name__}: {error}"[:300]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

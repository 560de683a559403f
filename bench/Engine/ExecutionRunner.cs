using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Bench.Engine;

/// <summary>Carries executions of one workflow from start to end in memory, as a worker whose flushes take no time.</summary>
internal sealed class ExecutionRunner
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly CompiledWorkflow _workflow;
    private readonly ExecutionFacts _facts;
    private readonly List<Decision> _decisions = [];
    private readonly List<RecordedStep> _half = [];

    public ExecutionRunner(CompiledWorkflow workflow, byte[] input)
    {
        _workflow = workflow;
        _facts = new ExecutionFacts
        {
            ExecutionId = Guid.CreateVersion7(),
            TenantId = Guid.CreateVersion7(),
            WorkflowId = Guid.CreateVersion7(),
            Version = 1,
            Input = input,
            TriggerType = "manual",
            CreatedAt = Now,
        };
        foreach (var node in workflow.Nodes.Take(workflow.Nodes.Count / 2))
        {
            _half.Add(new RecordedStep(node.Id, "", 1, StepStatus.Completed, "main", "{\"x\":1}"u8.ToArray(), null, Now));
        }
    }

    public void Run()
    {
        var state = new ExecutionState(_workflow, _facts);
        _decisions.Clear();
        Decider.Start(state, Now, _decisions);
        Finish(state);
    }

    public void ResumeHalfway()
    {
        var state = new ExecutionState(_workflow, _facts);
        _decisions.Clear();
        Decider.Resume(state, _half, [], Now, _decisions);
        Finish(state);
    }

    private void Finish(ExecutionState state)
    {
        for (var next = 0; next < _decisions.Count; next++)
        {
            if (_decisions[next] is RunNode { Run: var run })
            {
                Decider.Apply(state, NodeEvaluator.Run(state, run, Now), Now, _decisions);
            }
            else if (_decisions[next] is ContinueLater)
            {
                Decider.Apply(state, new Continued(), Now, _decisions);
            }
        }

        if (state.Status != ExecutionStatus.Completed)
        {
            throw new InvalidOperationException($"The execution is {state.Status}: {_decisions[^1]}");
        }
    }
}

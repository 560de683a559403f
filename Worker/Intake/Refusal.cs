using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Intake;

/// <summary>An execution that was claimed and cannot begin, and why.</summary>
internal sealed record Refusal(ClaimedExecution Execution, ExecutionError Error);

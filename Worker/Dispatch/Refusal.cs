using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Dispatch;

/// <summary>An execution that was claimed and cannot begin, and why.</summary>
internal sealed record Refusal(ClaimedExecution Execution, ExecutionError Error);

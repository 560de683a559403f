using Workflows.Engine.Executions;

namespace Workflows.Worker.Nodes;

/// <summary>Ends a call of an http node with a step error that no retry cures.</summary>
internal sealed class HttpCallException(string code, string message) : Exception(message)
{
    public StepError Error => new(code, Message);
}

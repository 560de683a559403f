namespace Workflows.Engine.Connectors;

/// <summary>Why a connector cannot be used.</summary>
public sealed class ConnectorException(string code, string message, bool isTransient = false) : Exception(message)
{
    /// <summary>Upper snake case, as step errors have it.</summary>
    public string Code => code;

    /// <summary>A later attempt may succeed.</summary>
    public bool IsTransient => isTransient;
}

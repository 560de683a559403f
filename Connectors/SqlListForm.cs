namespace Workflows.Connectors;

/// <summary>What a list among the values is to the statement.</summary>
internal enum SqlListForm
{
    /// <summary>A value of the type jsonb.</summary>
    Json,

    /// <summary>An array.</summary>
    Array,

    /// <summary>An array whose items are json or jsonb.</summary>
    ArrayOfJson,

    /// <summary>The JSON text, for a type that reads such text itself.</summary>
    Text,
}

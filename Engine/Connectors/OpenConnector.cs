namespace Workflows.Engine.Connectors;

/// <summary>A connector with its configuration in clear.</summary>
public sealed record OpenConnector(
    Guid TenantId, Guid Id, string Name, string Type, int Version, IReadOnlyDictionary<string, string> Config)
{
    /// <summary>The value of a field; null when it is left out or empty.</summary>
    public string? this[string field] => Config.GetValueOrDefault(field) is { Length: > 0 } value ? value : null;

    /// <summary>The values that nobody may read.</summary>
    public IEnumerable<string> Sensitive =>
        ConnectorTypes.Find(Type)?.Fields
            .Where(known => known.Secret && this[known.Name] is not null).Select(known => this[known.Name]!) ?? [];
}

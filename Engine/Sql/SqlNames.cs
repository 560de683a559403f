namespace Workflows.Engine.Sql;

/// <summary>The names of the values given for a statement, found at once however many there are.</summary>
public sealed class SqlNames
{
    private readonly Dictionary<string, string> _exact = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _alike = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="given">As they are written, with their sign (<c>@id</c>) or without.</param>
    public SqlNames(IReadOnlyList<string> given)
    {
        Given = given;
        foreach (var name in given)
        {
            _exact.TryAdd(Bare(name), name);
            _alike.TryAdd(Bare(name), name);
        }
    }

    /// <summary>As they are written.</summary>
    public IReadOnlyList<string> Given { get; }

    /// <summary>The given name that <paramref name="name"/> means: as it is written, else but for case; null when there
    /// is none.</summary>
    public string? Find(string name) => _exact.GetValueOrDefault(name) ?? _alike.GetValueOrDefault(name);

    internal static string Bare(string name) => name.Length > 1 && name[0] is ('@' or ':') ? name[1..] : name;
}

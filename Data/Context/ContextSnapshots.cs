using System.Text.Json;
using Workflows.Engine;

namespace Workflows.Data.Context;

/// <summary>What executions of one workflow see of the entries that were there when they were taken up.</summary>
public sealed class ContextSnapshots
{
    private readonly IReadOnlyList<Entry> _shared;
    private readonly ILookup<Guid, Entry> _own;
    private readonly byte[] _alike;

    internal ContextSnapshots(IReadOnlyList<Entry> shared, IReadOnlyList<(Guid ExecutionId, Entry Entry)> own)
    {
        _shared = shared;
        _own = own.ToLookup(row => row.ExecutionId, row => row.Entry);
        _alike = Write(shared);
    }

    /// <summary>
    /// A JSON object of scopes, each an object of its entries; at most <see cref="Limits.ContextEntriesInScope"/> of
    /// them, those of the execution itself first.
    /// </summary>
    public byte[] Of(Guid executionId) => _own.Contains(executionId)
        ? Write(_own[executionId].Concat(_shared).Take(Limits.ContextEntriesInScope))
        : _alike;

    private static byte[] Write(IEnumerable<Entry> entries) => JsonSerializer.SerializeToUtf8Bytes(
        entries.GroupBy(entry => entry.Scope)
            .ToDictionary(scope => scope.Key, scope => scope.ToDictionary(entry => entry.Key, entry => entry.Value)),
        JsonText.HeldSerialization);

    internal sealed record Entry(string Scope, string Key, JsonElement Value);
}

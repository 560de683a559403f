using System.Collections.ObjectModel;

namespace Workflows.Worker.Ownership;

/// <summary>What expressions of one execution see beyond its own row.</summary>
internal sealed record ScopeValues(
    ReadOnlyMemory<byte> Variables, ReadOnlyMemory<byte> Context, IReadOnlyDictionary<string, string> Secrets)
{
    public static ScopeValues None { get; } = new(default, default, ReadOnlyDictionary<string, string>.Empty);
}

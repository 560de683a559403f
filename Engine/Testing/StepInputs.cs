using System.Collections.Concurrent;
using System.Text.Json;

namespace Workflows.Engine.Testing;

/// <summary>Where the output of a step came from, when it was not the node itself.</summary>
public static class StepOrigins
{
    /// <summary>From a pin.</summary>
    public const string Pinned = "pinned";

    /// <summary>The node has an outside effect, or is not what is tested: an answer as its type gives one.</summary>
    public const string Mocked = "mocked";

    /// <summary>The statement ran in a transaction that was rolled back.</summary>
    public const string RolledBack = "rolledBack";

    /// <summary>Given by the person who had the execution run again.</summary>
    public const string Overridden = "overridden";
}

/// <summary>
/// What the steps of one test ran on, from the evaluation of a node to the record of its step. Thread-safe.
/// </summary>
public sealed class StepInputs
{
    private readonly ConcurrentDictionary<(string Node, string Iteration, int Attempt), byte[]> _inputs = new();

    /// <summary>What is kept with a step: <c>{"origin", "parameters", "errors"}</c>, UTF-8 JSON. Taken once.</summary>
    public byte[]? Take(string node, string iteration, int attempt) =>
        _inputs.TryRemove((node, iteration, attempt), out var input) ? input : null;

    /// <summary>The record of a step whose output did not come from its node.</summary>
    public static byte[] OfOrigin(string origin) => JsonSerializer.SerializeToUtf8Bytes(new { origin });

    /// <summary>The origin in what is kept with a step; null when there is none.</summary>
    public static string? OriginOf(string? kept)
    {
        if (kept is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(kept, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
        return document.RootElement.ValueKind == JsonValueKind.Object
            && document.RootElement.TryGetProperty("origin", out var origin) ? origin.GetString() : null;
    }

    internal void Keep(string node, string iteration, int attempt, byte[] input) =>
        _inputs[(node, iteration, attempt)] = input;
}

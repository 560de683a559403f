using System.Collections.Concurrent;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Data.Executions;

/// <summary>
/// The limit that a start falls under: at most <paramref name="Limit"/> executions of its workflow with this key are active (queued, running, waiting or paused) at
/// once. Who starts executions works it out with <see cref="StartSettings"/> and hands it to <c>admit_executions</c>.
/// </summary>
/// <param name="Key">At most <see cref="Limits.ConcurrencyKeyLength"/> characters; empty for a limit without a key, or whose key yields nothing.</param>
/// <param name="Policy">queue, skip or cancelOldest.</param>
public sealed record ConcurrencyClaim(string Key, int Limit, string Policy);

/// <summary>The concurrency key of a start cannot be worked out; the message says why. The start must be refused: it would run outside its limit.</summary>
public sealed class ConcurrencyKeyException(string message) : Exception(message);

/// <summary>What of a published definition's settings a start needs, as <c>workflows.start_settings</c> holds it.</summary>
public sealed class StartSettings
{
    private const int CachedSettings = 10_000;

    private static readonly ConcurrentDictionary<string, StartSettings> Cache = new(StringComparer.Ordinal);
    private static readonly StartSettings None = new(ExecutionPriority.Normal, null, null, "queue");

    private readonly JsonataExpression? _key;
    private readonly int? _limit;
    private readonly string _policy;

    private StartSettings(ExecutionPriority priority, int? limit, JsonataExpression? key, string policy)
    {
        Priority = priority;
        (_limit, _key, _policy) = (limit, key, policy);
    }

    public ExecutionPriority Priority { get; }

    /// <summary>Reads the settings of a definition that was compiled when it was published.</summary>
    /// <param name="json">The member <c>settings</c> of the definition; null when it has none.</param>
    /// <exception cref="ConcurrencyKeyException">The key is no expression on this release.</exception>
    public static StartSettings Parse(string? json)
    {
        if (json is null)
        {
            return None;
        }

        if (!Cache.TryGetValue(json, out var settings))
        {
            settings = Read(json);
            if (Cache.Count >= CachedSettings)
            {
                Cache.Clear();
            }

            Cache[json] = settings;
        }

        return settings;
    }

    /// <summary>The limit that a start of <paramref name="workflow"/> falls under; null when there is none.</summary>
    /// <exception cref="ConcurrencyKeyException">The key cannot be worked out for this input.</exception>
    public static ConcurrencyClaim? ClaimOf(CompiledWorkflow workflow, ReadOnlyMemory<byte> input) =>
        workflow.Settings.Concurrency is { } concurrency
            ? Claim(() => workflow.EvaluateConcurrencyKey(input), concurrency.Limit, JsonNamingPolicy.CamelCase.ConvertName(workflow.Settings.OverlapPolicy.ToString()))
            : null;

    /// <summary>The limit that a start on <paramref name="input"/> (UTF-8 JSON) falls under; null when there is none.</summary>
    /// <exception cref="ConcurrencyKeyException">The key cannot be worked out for this input.</exception>
    public ConcurrencyClaim? ClaimOf(ReadOnlyMemory<byte> input) => _limit is { } limit ? Claim(() => KeyOf(input), limit, _policy) : null;

    private string? KeyOf(ReadOnlyMemory<byte> input)
    {
        if (_key is null)
        {
            return null;
        }

        var value = _key.Evaluate(JsonataValue.FromObject(new Dictionary<string, JsonataValue>(1) { ["input"] = JsonataValue.FromJson(input) }));
        return value.TryGetString(out var text) ? text : value.IsUndefined ? null : value.ToString();
    }

    private static ConcurrencyClaim Claim(Func<string?> evaluate, int limit, string policy)
    {
        string key;
        try
        {
            key = evaluate() ?? "";
        }
        catch (JsonataException exception)
        {
            throw new ConcurrencyKeyException($"The concurrency key failed: {exception.Error.Code} {exception.Error.Message}");
        }

        return key.Length > Limits.ConcurrencyKeyLength
            ? throw new ConcurrencyKeyException($"The concurrency key has {key.Length} characters; at most {Limits.ConcurrencyKeyLength} are allowed.")
            : new ConcurrencyClaim(key.Replace('\0', '\uFFFD'), limit, policy);
    }

    private static StartSettings Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var priority = Text(root, "priority") switch
        {
            "high" => ExecutionPriority.High,
            "low" => ExecutionPriority.Low,
            _ => ExecutionPriority.Normal,
        };
        if (!root.TryGetProperty("concurrency", out var concurrency) || concurrency.ValueKind != JsonValueKind.Object)
        {
            return new StartSettings(priority, null, null, "queue");
        }

        JsonataExpression? key = null;
        if (Text(concurrency, "key") is { } source && !JsonataExpression.TryParse(Unwrap(source), out key, out var error))
        {
            throw new ConcurrencyKeyException($"The concurrency key is no expression: {error.Code} {error.Message}");
        }

        return new StartSettings(priority, concurrency.GetProperty("limit").GetInt32(), key, Text(root, "overlapPolicy") ?? "queue");
    }

    // As the engine reads it: an expression may be written in braces.
    private static string Unwrap(string source) =>
        source.Trim() is var text && text.StartsWith("{{", StringComparison.Ordinal) && text.EndsWith("}}", StringComparison.Ordinal) ? text[2..^2] : source;

    private static string? Text(JsonElement element, string member) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

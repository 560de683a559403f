using System.Globalization;
using System.Text.Json;
using BitFaster.Caching.Lru;
using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Data.Executions;

/// <summary>
/// The limits that a start falls under: at most <paramref name="Limit"/> executions of its workflow with this key are active (queued, running, waiting or paused) at
/// once, and no more are started within a time than <see cref="Rate"/> says. Who starts executions works it out with <see cref="StartSettings"/> and hands it to
/// <c>admit_limited</c>.
/// </summary>
/// <param name="Key">At most <see cref="Limits.ConcurrencyKeyLength"/> characters; empty for a limit without a key, or whose key yields nothing; null when only the
/// rate is limited, as is <paramref name="Limit"/>.</param>
/// <param name="Policy">queue, skip or cancelOldest.</param>
public sealed record ConcurrencyClaim(string? Key, int? Limit, string Policy)
{
    public RateClaim? Rate { get; init; }
}

/// <summary>At most <paramref name="Limit"/> starts of the workflow with this key within any <paramref name="PerSeconds"/> seconds.</summary>
/// <param name="Key">As that of <see cref="ConcurrencyClaim"/>, never null.</param>
public sealed record RateClaim(string Key, int Limit, double PerSeconds)
{
    /// <summary>What the functions of the database lock for it.</summary>
    internal string LockKey => $"\u0001rate/{Key}";

    /// <summary>As the functions of the database read it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Limit}/{PerSeconds:0.######}/{Key}");
}

/// <summary>The concurrency key of a start cannot be worked out; the message says why. The start must be refused: it would run outside its limit.</summary>
public sealed class ConcurrencyKeyException(string message) : Exception(message);

/// <summary>What of a published definition's settings a start needs, as <c>workflows.start_settings</c> holds it.</summary>
public sealed class StartSettings
{
    private static readonly FastConcurrentLru<string, StartSettings> Cache = new(Limits.CachedStartSettings);
    private static readonly StartSettings None = new(ExecutionPriority.Normal, null, null, "queue", null, null);

    private readonly JsonataExpression? _key;
    private readonly int? _limit;
    private readonly string _policy;
    private readonly (int Limit, double PerSeconds)? _rate;
    private readonly JsonataExpression? _rateKey;

    private StartSettings(
        ExecutionPriority priority, int? limit, JsonataExpression? key, string policy, (int Limit, double PerSeconds)? rate, JsonataExpression? rateKey)
    {
        Priority = priority;
        (_limit, _key, _policy, _rate, _rateKey) = (limit, key, policy, rate, rateKey);
    }

    public ExecutionPriority Priority { get; }

    /// <summary>Reads the settings of a definition that was compiled when it was published.</summary>
    /// <param name="json">The member <c>settings</c> of the definition; null when it has none.</param>
    /// <exception cref="ConcurrencyKeyException">The key is no expression on this release.</exception>
    public static StartSettings Parse(string? json) => json is null ? None : Cache.GetOrAdd(json, Read);

    /// <summary>The limit that a start of <paramref name="workflow"/> falls under; null when there is none.</summary>
    /// <exception cref="ConcurrencyKeyException">The key cannot be worked out for this input.</exception>
    public static ConcurrencyClaim? ClaimOf(CompiledWorkflow workflow, ReadOnlyMemory<byte> input)
    {
        var settings = workflow.Settings;
        return settings.Concurrency is null && settings.RateLimit is null ? null
            : new ConcurrencyClaim(
                settings.Concurrency is null ? null : Key("concurrency", () => workflow.EvaluateConcurrencyKey(input)), settings.Concurrency?.Limit,
                JsonNamingPolicy.CamelCase.ConvertName(settings.OverlapPolicy.ToString()))
            {
                Rate = settings.RateLimit is { } rate
                    ? new RateClaim(Key("rate", () => workflow.EvaluateRateKey(input)), rate.Limit, rate.PerSeconds)
                    : null,
            };
    }

    /// <summary>The limits that a start on <paramref name="input"/> (UTF-8 JSON) falls under; null when there is none.</summary>
    /// <exception cref="ConcurrencyKeyException">A key cannot be worked out for this input.</exception>
    public ConcurrencyClaim? ClaimOf(ReadOnlyMemory<byte> input) => _limit is null && _rate is null ? null
        : new ConcurrencyClaim(_limit is null ? null : Key("concurrency", () => ValueOf(_key, input)), _limit, _policy)
        {
            Rate = _rate is var (limit, seconds) ? new RateClaim(Key("rate", () => ValueOf(_rateKey, input)), limit, seconds) : null,
        };

    private static string? ValueOf(JsonataExpression? key, ReadOnlyMemory<byte> input)
    {
        if (key is null)
        {
            return null;
        }

        var value = key.Evaluate(
            JsonataValue.FromObject(new Dictionary<string,
            JsonataValue>(1)
            { ["input"] = JsonataValue.FromJson(input) }), EvaluationLimits.SmallOptions);
        return value.TryGetString(out var text) ? text : value.IsUndefined ? null : value.ToString();
    }

    private static string Key(string what, Func<string?> evaluate)
    {
        string key;
        try
        {
            key = evaluate() ?? "";
        }
        catch (JsonataException exception)
        {
            throw new ConcurrencyKeyException($"The {what} key failed: {exception.Error.Code} {exception.Error.Message}");
        }

        return key.Length > Limits.ConcurrencyKeyLength
            ? throw new ConcurrencyKeyException($"The {what} key has {key.Length} characters; at most {Limits.ConcurrencyKeyLength} are allowed.")
            : StorableText.Of(key); // an expression can make what no row can hold: U+0000, half a surrogate pair
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
        int? limit = null;
        (int, double)? rate = null;
        JsonataExpression? key = null, rateKey = null;
        if (root.TryGetProperty("concurrency", out var concurrency) && concurrency.ValueKind == JsonValueKind.Object)
        {
            (limit, key) = (concurrency.GetProperty("limit").GetInt32(), KeyIn(concurrency, "concurrency"));
        }

        if (root.TryGetProperty("rateLimit", out var limited) && limited.ValueKind == JsonValueKind.Object)
        {
            (rate, rateKey) = ((limited.GetProperty("limit").GetInt32(), limited.GetProperty("perSeconds").GetDouble()), KeyIn(limited, "rate"));
        }

        return new StartSettings(priority, limit, key, Text(root, "overlapPolicy") ?? "queue", rate, rateKey);
    }

    private static JsonataExpression? KeyIn(JsonElement limit, string what) =>
        Text(limit, "key") is not { } source ? null
        : JsonataExpression.TryParse(Unwrap(source), out var key, out var error) ? key
        : throw new ConcurrencyKeyException($"The {what} key is no expression: {error.Code} {error.Message}");

    // As the engine reads it: an expression may be written in braces.
    private static string Unwrap(string source) =>
        source.Trim() is var text && text.StartsWith("{{", StringComparison.Ordinal) && text.EndsWith("}}", StringComparison.Ordinal) ? text[2..^2] : source;

    private static string? Text(JsonElement element, string member) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

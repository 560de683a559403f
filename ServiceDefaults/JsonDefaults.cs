using System.Text.Json;
using System.Text.Json.Serialization;

namespace Workflows.ServiceDefaults;

/// <summary>
/// The one place that says how JSON is read and written: camelCase, enums as camelCase names, numbers only as numbers, and
/// no document with two meanings (a repeated member is an error, not a choice made silently).
/// </summary>
public static class JsonDefaults
{
    /// <summary>
    /// Shared, read-only options for documents between our own processes. They skip unknown members: during a rolling upgrade
    /// an older process reads what a newer one wrote.
    /// </summary>
    public static JsonSerializerOptions Options { get; } = CreateReadOnly();

    /// <summary>The rules for request bodies: those of <see cref="Options"/>, and an unknown member is an error, since it is a typing error.</summary>
    public static void ApplyToRequests(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Apply(options);
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
    }

    private static void Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DictionaryKeyPolicy = null; // keys of a dictionary are data
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.Never; // a reader can rely on every member being there
        options.MaxDepth = Limits.JsonMaxDepth;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
    }

    private static JsonSerializerOptions CreateReadOnly()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Apply(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Workflows.Api.Http;
using Workflows.Connectors.Network;

namespace Workflows.Api.Tenants;

/// <summary>What operators set of a tenant, checked, and as it is stored.</summary>
internal static class TenantSettingsJson
{
    private const string HttpAllow = "httpAllow";
    private const string LimitsMember = "limits";

    /// <summary>Puts the given settings in the place of those before. Members that operators do not set stay.</summary>
    public static string Apply(string stored, TenantSettings? wanted)
    {
        if (wanted is null)
        {
            return stored;
        }

        var root = JsonNode.Parse(stored) as JsonObject ?? [];
        root.Remove(HttpAllow);
        root.Remove(LimitsMember);
        if (wanted.HttpAllow is { Length: > 0 } allowed)
        {
            root[HttpAllow] = new JsonArray(
                [.. allowed.Distinct(StringComparer.Ordinal).Select(entry => (JsonNode?)JsonValue.Create(entry))]);
        }

        if (JsonSerializer.SerializeToNode(wanted.Limits, Envelope.Json) is JsonObject limits)
        {
            foreach (var (name, value) in limits.ToArray())
            {
                if (value is null)
                {
                    limits.Remove(name);
                }
            }

            if (limits.Count > 0)
            {
                root[LimitsMember] = limits;
            }
        }

        return root.ToJsonString();
    }

    /// <summary>Sets the days that conversations are kept, which the tenant itself decides.</summary>
    public static string KeepFor(string stored, int days)
    {
        var root = JsonNode.Parse(stored) as JsonObject ?? [];
        root["conversationDays"] = days;
        return root.ToJsonString();
    }

    /// <summary>Adds what is wrong with them.</summary>
    public static Checks TenantSettings(this Checks checks, string field, TenantSettings? wanted)
    {
        if (wanted is null)
        {
            return checks;
        }

        if (wanted.HttpAllow?.Length > Limits.HttpAllowEntries)
        {
            checks.Add($"{field}/{HttpAllow}", "TOO_MANY", $"There are at most {Limits.HttpAllowEntries} entries.");
        }

        for (var index = 0; index < wanted.HttpAllow?.Length; index++)
        {
            if (!IsEntry(wanted.HttpAllow[index]))
            {
                checks.Add(
                    $"{field}/{HttpAllow}/{index}", "ADDRESS",
                    "An entry is a range (10.0.0.0/8), an address or a host name, with or without ':port'.");
            }
        }

        Count(checks, $"{field}/{LimitsMember}/maxQueued", wanted.Limits?.MaxQueued);
        Count(checks, $"{field}/{LimitsMember}/maxRunning", wanted.Limits?.MaxRunning);
        return checks;
    }

    /// <summary>Adds that an object is too large to be kept.</summary>
    public static Checks ObjectSize(this Checks checks, string field, Dictionary<string, JsonElement>? value) =>
        value is not null && JsonSerializer.SerializeToUtf8Bytes(value, Envelope.Json).Length > Limits.MetadataBytes
            ? checks.Add(field, "TOO_LARGE", $"'{field}' has at most {Limits.MetadataBytes} bytes of JSON.")
            : checks;

    private static void Count(Checks checks, string pointer, int? value)
    {
        if (value < 0)
        {
            checks.Add(pointer, "RANGE", "A number of executions is not negative; leave it out for none.");
        }
    }

    private static bool IsEntry(string? entry)
    {
        try
        {
            _ = new NetworkGuard([entry ?? ""]);
            return !string.IsNullOrWhiteSpace(entry);
        }
        catch (AllowListException)
        {
            return false;
        }
    }
}

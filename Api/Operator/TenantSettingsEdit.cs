using System.Globalization;
using System.Text.Json.Nodes;
using Workflows.Connectors.Network;

namespace Workflows.Api.Operator;

/// <summary>Changes what the operator sets of a tenant; <c>none</c> takes a setting away, what is left out
/// stays.</summary>
internal static class TenantSettingsEdit
{
    public const string MaxQueued = "max-queued";
    public const string MaxRunning = "max-running";
    public const string HttpAllow = "http-allow";

    private const string None = "none";

    /// <summary>The settings after the change, as JSON.</summary>
    /// <param name="settings">JSON object as it is.</param>
    /// <param name="options">What is to be changed.</param>
    /// <exception cref="OperatorCommandException">A value cannot be used.</exception>
    public static string Apply(string settings, CommandOptions options)
    {
        var root = JsonNode.Parse(settings) as JsonObject ?? [];
        var limits = root["limits"] as JsonObject ?? [];
        root.Remove("limits");
        SetCount(limits, "maxQueued", MaxQueued, options);
        SetCount(limits, "maxRunning", MaxRunning, options);
        if (limits.Count > 0)
        {
            root["limits"] = limits;
        }

        if (options[HttpAllow] is { } allowed)
        {
            root.Remove("httpAllow");
            if (allowed != None)
            {
                root["httpAllow"] = AllowList(allowed);
            }
        }

        return root.ToJsonString();
    }

    private static void SetCount(JsonObject limits, string member, string option, CommandOptions options)
    {
        if (options[option] is not { } text)
        {
            return;
        }

        limits.Remove(member);
        if (text != None)
        {
            limits[member] = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                ? count
                : throw new OperatorCommandException(
                    $"'--{option}' is a number of executions, or '{None}'; not '{text}'.", isUsage: true);
        }
    }

    private static JsonArray AllowList(string text)
    {
        var entries = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (entries.Length is 0 or > Limits.HttpAllowEntries)
        {
            throw new OperatorCommandException(
                $"'--{HttpAllow}' has 1 to {Limits.HttpAllowEntries} entries, or is '{None}'.", isUsage: true);
        }

        foreach (var entry in entries)
        {
            try
            {
                _ = new NetworkGuard([entry]);
            }
            catch (AllowListException)
            {
                throw new OperatorCommandException(
                    $"'{entry}' is no range (10.0.0.0/8), address or host name, with or without ':port'.",
                    isUsage: true);
            }
        }

        return [.. entries.Distinct(StringComparer.Ordinal).Select(entry => (JsonNode?)JsonValue.Create(entry))];
    }
}

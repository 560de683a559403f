using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Engine.Events;

namespace Workflows.Api.Events;

/// <summary>The definition of a rule, out of the fields of a body and back into problems that point at them.</summary>
internal static class RuleBody
{
    public static string Write(string? eventType, string? condition, JsonElement? join, JsonElement actions) => JsonSerializer.Serialize(
        new JsonObject
        {
            ["eventType"] = eventType,
            ["condition"] = condition,
            ["join"] = Node(join),
            ["actions"] = Node(actions),
        }.Where(member => member.Value is not null).ToDictionary(), Envelope.Json);

    public static string Merge(string definition, UpdateRuleRequest wanted)
    {
        var present = JsonSerializer.Deserialize<JsonElement>(definition, Envelope.Json);
        var replaced = wanted.EventType is not null || wanted.Condition is not null || wanted.Join is not null;
        return Write(
            replaced ? wanted.EventType : Member(present, "eventType")?.GetString(),
            replaced ? wanted.Condition : Member(present, "condition")?.GetString(),
            replaced ? wanted.Join : Member(present, "join"),
            wanted.Actions ?? present.GetProperty("actions"));
    }

    public static Problem? Check(string name, string description, string definition, bool stop, DateTimeOffset? activeFrom, DateTimeOffset? activeTo)
    {
        var checks = new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength);
        if (activeFrom >= activeTo)
        {
            checks.Add("activeTo", "VALUE", "'activeTo' lies after 'activeFrom'.");
        }

        if (!Rule.TryAccept(Encoding.UTF8.GetBytes(definition), out var rule, out var problems))
        {
            foreach (var problem in problems)
            {
                checks.Add(problem.Pointer.TrimStart('/'), problem.Code, $"{problem.Message} {problem.Hint}");
            }
        }
        else if (rule.Actions.OfType<RuleAction.EmitEvent>().Select(emit => PlatformEvents.TypeProblem(emit.EventType))
            .FirstOrDefault(found => found is not null) is { } reserved)
        {
            checks.Add("actions", "RESERVED", $"A rule cannot emit this: {reserved}.");
        }
        else if (stop && rule.Join is not null)
        {
            checks.Add("stop", "VALUE", "A rule that joins events cannot stop others: whether it matches is known only when the last event came.");
        }

        return checks.Problem;
    }

    /// <summary>A rule may start what is not published yet, but not what is not there.</summary>
    public static async Task<Problem?> FindMissingAsync(ApiRequest request, string definition, CancellationToken cancellationToken)
    {
        var wanted = Workflows(definition);
        var known = await request.Db.Workflows.Where(row => wanted.Contains(row.Id)).Select(row => row.Id).ToListAsync(cancellationToken);
        return wanted.Except(known).ToList() is [var missing, ..]
            ? Problem.Invalid("/actions", $"There is no workflow {missing}.", "UNKNOWN")
            : null;
    }

    public static Guid[] Workflows(string definition) =>
        Rule.TryCompile(Encoding.UTF8.GetBytes(definition), out var rule, out _)
            ? [.. rule.Actions.OfType<RuleAction.StartWorkflow>().Select(start => start.WorkflowId).Distinct()]
            : [];

    private static JsonNode? Node(JsonElement? json) => json is { } present ? JsonSerializer.SerializeToNode(present, Envelope.Json) : null;

    private static JsonElement? Member(JsonElement json, string name) => json.TryGetProperty(name, out var member) ? member : null;
}

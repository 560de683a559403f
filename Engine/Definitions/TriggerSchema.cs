using System.Text.Json.Nodes;
using Workflows.Engine.Schedules;
using static Workflows.Engine.Definitions.DefinitionSchema;

namespace Workflows.Engine.Definitions;

/// <summary>The triggers in <see cref="DefinitionSchema"/>, each type with members of its own.</summary>
internal static class TriggerSchema
{
    private const string PathPattern = "^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$";
    private const string HeaderPattern = "^[A-Za-z0-9_-]+$";

    public static void AddTo(JsonObject definitions)
    {
        (string Type, JsonObject Schema)[] types =
        [
            ("manual", Closed("Only a name that a request may give.", Members(), "id", "type")),
            ("event", Event()),
            ("schedule", Schedule()),
            ("webhook", Webhook()),
            ("session", Session()),
        ];
        definitions["trigger"] = new JsonObject
        {
            ["description"] = "What starts an execution.",
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["type"] = new JsonObject { ["enum"] = Texts(types.Select(type => type.Type)) },
            },
            ["required"] = Texts(["id", "type"]),
            ["allOf"] = new JsonArray([.. types.Select(type => IfType(type.Type, Ref($"trigger.{type.Type}")))]),
        };
        foreach (var (type, schema) in types)
        {
            definitions[$"trigger.{type}"] = schema;
        }
    }

    private static JsonObject Members(params ReadOnlySpan<(string Name, JsonObject Schema)> own)
    {
        var members = new JsonObject
        {
            ["id"] = Needed("Unique among the triggers.", Limits.NodeIdLength),
            ["type"] = new JsonObject { ["type"] = "string" },
        };
        foreach (var (name, schema) in own)
        {
            members[name] = schema;
        }

        return members;
    }

    private static JsonObject Event() => Closed(
        "Each event of its type starts an execution.",
        Members(
            ("eventType", Needed("E.g. order.created, or with * for one part of it.", Limits.EventTypeLength)),
            ("condition", Text("An expression on event; left out: every event.", Limits.ExpressionLength))),
        "id", "type", "eventType");

    private static JsonObject Session() => Closed(
        "Each dialogue (USSD) of its service code starts an execution.",
        Members(("serviceCode", Needed("E.g. *123#.", Limits.ServiceCodeLength))),
        "id", "type", "serviceCode");

    private static JsonObject Schedule()
    {
        var schedule = Closed(
            "Time starts executions: exactly one of cron, intervalSeconds and at.",
            Members(
                ("cron", Text("Five or six fields, or e.g. @daily.", Limits.CronLength)),
                ("intervalSeconds", Number("Every so many seconds.", 1, Limits.WaitSeconds)),
                ("at", Instant("Once.")),
                ("timeZone", Text("IANA name, of cron; UTC when left out.", Limits.NameLength)),
                ("calendar", Text("Name or id of a calendar.", Limits.NameLength)),
                ("onNonBusinessDay", Choice<NonBusinessDay>("What happens on a day without business.")),
                ("misfire", Choice<MisfirePolicy>("What becomes of what was missed.")),
                ("misfireLimit", Number("How many of those missed fire.", 1, Limits.MisfireFires, "integer")),
                ("overlap", Choice<ScheduleOverlap>("While the one before has not ended.")),
                ("jitterSeconds", Number("Spreads the firings.", 0, Limits.ScheduleJitterSeconds)),
                ("startsAt", Instant("Not before.")),
                ("endsAt", Instant("Not after.")),
                ("input", Any("The input of what it starts; {} when left out."))),
            "id", "type");
        schedule["oneOf"] = new JsonArray(Needs("cron"), Needs("intervalSeconds"), Needs("at"));
        return schedule;
    }

    private static JsonObject Webhook()
    {
        var webhook = Closed(
            "Each call of its address starts an execution.",
            Members(
                ("path", Pattern(Text("Below the tenant's address.", Limits.WebhookPathLength), PathPattern)),
                ("methods", List(
                    "[\"POST\"] when left out.",
                    new JsonObject { ["enum"] = Texts(WebhookTriggerReader.KnownMethods) },
                    WebhookTriggerReader.KnownMethods.Length)),
                ("auth", Choice<WebhookAuth>("How the caller proves who it is; hmac when left out.")),
                ("scheme", Choice<WebhookScheme>("Whose headers the signature comes in; standard when left out.")),
                ("secret", Needed("Name of a secret of the tenant.", Limits.NameLength)),
                ("toleranceSeconds", Number(
                    "How far a signed time may lie from ours.", 1, Limits.WebhookToleranceSeconds, "integer")),
                ("headers", List(
                    "Request headers passed on beside those that always are.",
                    Pattern(Text("", Limits.NameLength), HeaderPattern), Limits.WebhookHeaders)),
                ("respond", Choice<WebhookResponse>("At once, or with the result; accepted when left out.")),
                ("waitSeconds", Number(
                    "How long the result is waited for.", 1, Limits.WebhookWaitSeconds, "integer"))),
            "id", "type", "path");
        webhook["if"] = new JsonObject
        {
            ["properties"] = new JsonObject { ["auth"] = new JsonObject { ["const"] = "none" } },
            ["required"] = Texts(["auth"]),
        };
        webhook["then"] = new JsonObject
        {
            ["properties"] = new JsonObject { ["secret"] = new JsonObject { ["type"] = "null" } },
        };
        webhook["else"] = Needs("secret");
        return webhook;
    }

    private static JsonObject Instant(string description)
    {
        var instant = Text(description, Limits.NameLength);
        instant["format"] = "date-time";
        return instant;
    }

    private static JsonObject Pattern(JsonObject text, string pattern)
    {
        text["pattern"] = pattern;
        return text;
    }
}

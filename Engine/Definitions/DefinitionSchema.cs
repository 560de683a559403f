using System.Text.Json;
using System.Text.Json.Nodes;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Definitions;

/// <summary>
/// The JSON Schema (2020-12) of a definition, for editors: what a schema can say of the rules of
/// <see cref="DefinitionReader"/>, and of the parameters of each node type of this release. What concerns several
/// places at once (ids, edges, expressions) only the compiler says.
/// </summary>
public static class DefinitionSchema
{
    private const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    private static readonly Lazy<byte[]> Made = new(() => JsonSerializer.SerializeToUtf8Bytes(Make()));

    /// <summary>The same bytes for the life of the process.</summary>
    public static ReadOnlyMemory<byte> Utf8 => Made.Value;

    internal static JsonObject Ref(string definition) => new() { ["$ref"] = $"#/$defs/{definition}" };

    internal static JsonObject Text(string description, int maxLength) => new()
    {
        ["description"] = description, ["type"] = "string", ["maxLength"] = maxLength,
    };

    /// <summary>Text that may not be empty.</summary>
    internal static JsonObject Needed(string description, int maxLength)
    {
        var text = Text(description, maxLength);
        text["minLength"] = 1;
        return text;
    }

    internal static JsonObject Number(string description, double min, double max, string type = "number") => new()
    {
        ["description"] = description, ["type"] = type, ["minimum"] = min, ["maximum"] = max,
    };

    internal static JsonObject Flag(string description) => new()
    {
        ["description"] = description, ["type"] = "boolean",
    };

    internal static JsonObject Any(string description) => new() { ["description"] = description };

    internal static JsonObject Choice<TEnum>(string description)
        where TEnum : struct, Enum => new()
        {
            ["description"] = description,
            ["enum"] = Texts(Enum.GetNames<TEnum>().Select(ObjectReader.CamelCase)),
        };

    internal static JsonObject List(string description, JsonObject items, int maxItems, int minItems = 0)
    {
        var list = new JsonObject
        {
            ["description"] = description, ["type"] = "array", ["items"] = items, ["maxItems"] = maxItems,
        };
        if (minItems > 0)
        {
            list["minItems"] = minItems;
        }

        return list;
    }

    internal static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    /// <summary>An object of these members and no others.</summary>
    internal static JsonObject Closed(
        string description, JsonObject members, params IReadOnlyList<string> required)
    {
        AcceptNull(members, required);
        return new JsonObject
        {
            ["description"] = description, ["type"] = "object", ["properties"] = members,
            ["required"] = Texts(required), ["additionalProperties"] = false,
        };
    }

    /// <summary>Null counts as left out throughout a definition.</summary>
    internal static void AcceptNull(JsonObject members, IReadOnlyList<string> required)
    {
        foreach (var (name, schema) in members.ToArray())
        {
            if (!required.Contains(name))
            {
                members[name] = OrNull(schema!.DeepClone());
            }
        }
    }

    internal static JsonObject OrNull(JsonNode schema)
    {
        var isNull = new JsonObject { ["type"] = "null" };
        if (schema is not JsonObject own)
        {
            return isNull; // nothing else was accepted
        }

        if (own.ContainsKey("$ref"))
        {
            return new JsonObject { ["anyOf"] = new JsonArray(own, isNull) };
        }

        (own["enum"] as JsonArray)?.Add(null);
        switch (own["type"])
        {
            case JsonArray types:
                types.Add("null");
                break;
            case JsonValue type:
                own["type"] = Texts([type.GetValue<string>(), "null"]);
                break;
            default:
                (own["anyOf"] as JsonArray)?.Add(isNull);
                break;
        }

        return own;
    }

    /// <summary>The member is there.</summary>
    internal static JsonObject Needs(string member) => new()
    {
        ["properties"] = new JsonObject
        {
            [member] = new JsonObject { ["not"] = new JsonObject { ["type"] = "null" } },
        },
        ["required"] = Texts([member]),
    };

    /// <summary>If the member <c>type</c> is this text, then the rest holds, too.</summary>
    internal static JsonObject IfType(string type, JsonObject then) => new()
    {
        ["if"] = new JsonObject
        {
            ["properties"] = new JsonObject { ["type"] = new JsonObject { ["const"] = type } },
            ["required"] = Texts(["type"]),
        },
        ["then"] = then,
    };

    private static JsonObject Make()
    {
        var root = new JsonObject { ["$schema"] = Dialect, ["title"] = "Definition of a workflow" };
        foreach (var (name, value) in Definition())
        {
            root[name] = value?.DeepClone();
        }

        var definitions = new JsonObject
        {
            ["edge"] = Edge(),
            ["retry"] = Retry(),
            ["body"] = Body(),
            ["settings"] = Settings(),
        };
        NodeSchema.AddTo(definitions);
        TriggerSchema.AddTo(definitions);
        root["$defs"] = definitions;
        return root;
    }

    private static JsonObject Definition() => Closed(
        "What starts a workflow, what it does, what it yields, and how it runs.",
        new JsonObject
        {
            ["schema"] = new JsonObject
            {
                ["description"] = "The version of this format.", ["const"] = WorkflowDefinition.CurrentSchema,
            },
            ["name"] = Text("For people.", Limits.NameLength),
            ["description"] = Text("For people.", Limits.ExpressionLength),
            ["parameters"] = new JsonObject
            {
                ["description"] = "JSON Schema (2020-12) of the input; left out: any input.",
                ["type"] = Texts(["object", "boolean"]),
            },
            ["triggers"] = List("What starts it besides a request.", Ref("trigger"), Limits.Triggers),
            ["nodes"] = List("What it does.", Ref("node"), Limits.Nodes, minItems: 1),
            ["edges"] = List("How its nodes follow one another; no circles.", Ref("edge"), Limits.Edges),
            ["output"] = Any("The result, any JSON with {{ expressions }}; left out: what the last steps yield."),
            ["settings"] = Ref("settings"),
        },
        "schema", "nodes");

    private static JsonObject Edge() => Closed(
        "The way from a port of one node to another node.",
        new JsonObject
        {
            ["from"] = Needed("Id of the node it leaves.", Limits.NodeIdLength),
            ["port"] = new JsonObject
            {
                ["description"] = "The port it leaves by; each node type has its own.",
                ["type"] = "string",
                ["maxLength"] = Limits.NameLength,
                ["default"] = NodePort.Main,
                ["examples"] = Texts(
                    NodeCatalogue.All.SelectMany(type => type.Ports).Select(port => port.Name).Distinct()),
            },
            ["to"] = Needed("Id of the node it leads to.", Limits.NodeIdLength),
        },
        "from", "to");

    private static JsonObject Retry() => Closed(
        "How often and how soon a failed step is tried again.",
        new JsonObject
        {
            ["maxAttempts"] = Number(
                "The first one included; 3 when left out.", 1, Limits.RetryAttempts, "integer"),
            ["initialDelaySeconds"] = Number(
                "The longest delay before the second attempt; 1 when left out.", 0, Limits.RetryDelaySeconds),
            ["multiplier"] = Number("How much longer each further delay may be; 2 when left out.", 1, 100),
            ["maxDelaySeconds"] = Number(
                "No delay is longer; 300 when left out.", 0, Limits.RetryDelaySeconds),
            ["nonRetryableCodes"] = List(
                "Error codes that end the attempts at once.", new JsonObject { ["type"] = "string" },
                Limits.RetryAttempts),
        });

    private static JsonObject Body() => Closed(
        "What a loop repeats.",
        new JsonObject
        {
            ["nodes"] = List("What one round does.", Ref("node"), Limits.Nodes, minItems: 1),
            ["edges"] = List("How its nodes follow one another.", Ref("edge"), Limits.Edges),
            ["output"] = Any("The result of one round; left out: what its last steps yield."),
        },
        "nodes");

    private static JsonObject Settings() => Closed(
        "How it runs.",
        new JsonObject
        {
            ["timeoutSeconds"] = Number("Of the whole execution, waits included.", 0.001, Limits.WaitSeconds),
            ["concurrency"] = Closed(
                "How many may run at once.",
                new JsonObject
                {
                    ["limit"] = Number("So many.", 1, Limits.Concurrency, "integer"),
                    ["key"] = Key(),
                },
                "limit"),
            ["rateLimit"] = Closed(
                "How many may be started within a period.",
                new JsonObject
                {
                    ["limit"] = Number("So many starts", 1, Limits.RateStarts, "integer"),
                    ["perSeconds"] = Number("within this time, which slides.", 0.001, Limits.RateSeconds),
                    ["key"] = Key(),
                },
                "limit", "perSeconds"),
            ["priority"] = Choice<ExecutionPriority>("Who is started first; normal when left out."),
            ["overlapPolicy"] = Choice<OverlapPolicy>("What a start over the limit does; queue when left out."),
            ["retentionDays"] = Number(
                "How long an ended execution is kept.", 1, Limits.RetentionDays, "integer"),
            ["checkpoint"] = Choice<CheckpointPolicy>("When steps are stored; step when left out."),
            ["compensateOnCancel"] = Flag("A cancelled execution is compensated as a failed one is."),
            ["maxDescendants"] = Number(
                "How many executions may descend from one that no other started.", 1, Limits.Descendants, "integer"),
        });

    private static JsonObject Key() => Text(
        "An expression on input: the limit holds among executions with an equal value.", Limits.ExpressionLength);
}

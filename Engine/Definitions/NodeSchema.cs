using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Workflows.Engine.Nodes;
using static Workflows.Engine.Definitions.DefinitionSchema;

namespace Workflows.Engine.Definitions;

/// <summary>
/// The nodes in <see cref="DefinitionSchema"/>: the members of all, and by type the parameters and the body.
/// </summary>
internal static class NodeSchema
{
    private static readonly string IdPattern = string.Create(
        CultureInfo.InvariantCulture, $"^[A-Za-z][A-Za-z0-9_-]{{0,{Limits.NodeIdLength - 1}}}$");

    private static readonly string CustomPattern = string.Create(
        CultureInfo.InvariantCulture,
        $"^{CustomNodes.Prefix}[a-z][A-Za-z0-9_-]{{0,{Limits.CustomNodeNameLength - 1}}}$");

    public static void AddTo(JsonObject definitions)
    {
        definitions["node"] = Node();
        foreach (var type in NodeCatalogue.All)
        {
            var parameters = ParametersOf(type);
            parameters["description"] = type.Summary;
            definitions[NameOf(type)] = parameters;
        }
    }

    private static string NameOf(NodeType type) => $"parameters.{type.Name}";

    private static JsonObject Node()
    {
        var node = Closed(
            "A unit of work.",
            new JsonObject
            {
                ["id"] = new JsonObject
                {
                    ["description"] = "Unique in the whole definition; expressions read steps.ID.output.",
                    ["type"] = "string",
                    ["pattern"] = IdPattern,
                },
                ["type"] = Type(),
                ["name"] = Text("For people.", Limits.NameLength),
                ["parameters"] = new JsonObject { ["type"] = "object" },
                ["position"] = Closed(
                    "Where the console draws it.",
                    new JsonObject { ["x"] = Number("", -1e9, 1e9), ["y"] = Number("", -1e9, 1e9) }),
                ["retry"] = Ref("retry"),
                ["timeoutSeconds"] = Number("Of one attempt.", 0.001, Limits.NodeTimeoutSeconds),
                ["onError"] = Choice<OnError>(
                    "What happens when it has failed for good and no edge leaves its port error; fail when left out."),
                ["effect"] = Flag("It starts only when all it depends on is stored."),
                ["body"] = Ref("body"),
                ["compensate"] = Text("Id of the node that undoes this one.", Limits.NodeIdLength),
            },
            "id", "type");
        node["allOf"] = new JsonArray(
            [.. NodeCatalogue.All.Select(type => IfType(type.Name, RulesOf(type))), OfCustom()]);
        return node;
    }

    // Alternatives with a description each, which editors show beside the choice.
    private static JsonObject Type() => new()
    {
        ["description"] = "What it does.",
        ["type"] = "string",
        ["anyOf"] = new JsonArray(
        [
            .. NodeCatalogue.All.Select(type => new JsonObject
            {
                ["const"] = type.Name, ["description"] = type.Summary,
            }),
            new JsonObject { ["pattern"] = CustomPattern, ["description"] = "A node of the tenant's own." },
        ]),
    };

    private static JsonObject RulesOf(NodeType type)
    {
        var members = new JsonObject { ["parameters"] = Ref(NameOf(type)) };
        var required = new List<string>();
        if (type.Parameters.Any(parameter => parameter.Required))
        {
            required.Add("parameters");
        }

        if (type.HasBody)
        {
            required.Add("body");
            members["retry"] = false; // those of its body have them
            members["timeoutSeconds"] = false;
        }
        else
        {
            members["body"] = false;
        }

        AcceptNull(members, required);
        return new JsonObject { ["properties"] = members, ["required"] = Texts(required) };
    }

    private static JsonObject OfCustom() => new()
    {
        ["if"] = new JsonObject
        {
            ["properties"] = new JsonObject { ["type"] = new JsonObject { ["pattern"] = $"^{CustomNodes.Prefix}" } },
            ["required"] = Texts(["type"]),
        },
        ["then"] = new JsonObject
        {
            ["properties"] = new JsonObject { ["body"] = new JsonObject { ["type"] = "null" } },
        },
    };

    private static JsonObject ParametersOf(NodeType type)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            type.WriteParameterSchema(writer);
        }

        var schema = JsonNode.Parse(buffer.ToArray())!.AsObject();
        AcceptNullWithin(schema);
        return schema;
    }

    private static void AcceptNullWithin(JsonObject schema)
    {
        var members = schema["properties"]!.AsObject();
        foreach (var (_, member) in members)
        {
            if (member!["items"] is JsonObject items)
            {
                AcceptNullWithin(items);
            }
        }

        AcceptNull(members, [.. (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>())]);
    }
}

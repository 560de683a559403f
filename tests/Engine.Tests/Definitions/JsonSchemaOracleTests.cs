using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Json.Schema;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>Generated schemas and values: our verdict against that of JsonSchema.Net.</summary>
/// <remarks>
/// Left out: formats, of which JsonSchema.Net checks little (<see cref="TextFormatTests"/> and
/// <see cref="JsonSchemaSuiteTests"/> hold ours); patterns that mean something else in .NET than in ECMAScript, which
/// it does not translate; numbers beyond a double, at which it throws.
/// </remarks>
public sealed class JsonSchemaOracleTests
{
    // Few of everything, so that schemas and values meet.
    private static readonly Gen<string> Text =
        Gen.OneOf("", "a", "b", "ab", "aab", "1", "\U0001F600", "\U0001F600b", "a1");
    private static readonly Gen<string> Name = Gen.OneOf("a", "b", "c", "a/b");
    private static readonly Gen<decimal> Number = Gen.Int[-12, 12].Select(quarters => quarters / 4m);

    private static readonly Gen<string> Type =
        Gen.OneOf("null", "boolean", "integer", "number", "string", "array", "object");

    private static readonly Gen<JsonNode?> Types = Gen.OneOf(
        Type.Select(type => (JsonNode?)type), Type.HashSet[1, 3].Select(TextsOf));

    private static readonly Gen<JsonNode?> Value = Gen.Recursive<JsonNode?>((depth, inner) =>
    {
        var leaf = Gen.OneOf(
            Text.Select(text => (JsonNode?)text),
            Number.Select(number => (JsonNode?)number),
            Gen.OneOf("1.0", "-0", "2e0", "0.5e1").Select(text => JsonNode.Parse(text)),
            Gen.Bool.Select(flag => (JsonNode?)flag), Gen.Const((JsonNode?)null));
        return depth > 3 ? leaf : Gen.Frequency(
            (3, leaf),
            (1, inner.Array[0, 4].Select(items => (JsonNode?)new JsonArray([.. items.Select(Copy)]))),
            (1, Gen.Select(Name, inner).Array[0, 3].Select(members => (JsonNode?)ObjectOf(members))));
    });

    private static readonly Gen<JsonNode?> Schema = Gen.Recursive<JsonNode?>((depth, inner) =>
    {
        var boolean = Gen.Bool.Select(flag => (JsonNode?)flag);
        var sub = depth > 3 ? boolean : Gen.Frequency((1, boolean), (5, inner));
        return Gen.Frequency(
            (1, boolean), (12, Keyword(sub).Array[0, 4].Select(keywords => (JsonNode?)ObjectOf(keywords))));
    });

    [Fact]
    public void JsonSchema_Net_says_what_we_say()
    {
        var (accepted, refused) = (0, 0);
        Gen.Select(Schema, Value.Array[1, 8]).Sample(
            (schema, values) =>
            {
                var text = schema!.ToJsonString();
                var workflow = Flow.Compile(Flow.Json(Flow.Noop("a"), "", $", \"parameters\": {text}"));
                var oracle = JsonSchema.FromText(text);
                foreach (var value in values)
                {
                    var json = JsonElement.Parse(value?.ToJsonString() ?? "null");
                    var problems = workflow.ValidateInput(json);

                    Assert.True(
                        oracle.Evaluate(json).IsValid == (problems.Count == 0),
                        $"{text} on {json}: {string.Join(", ", problems)}");
                    (accepted, refused) = problems.Count == 0 ? (accepted + 1, refused) : (accepted, refused + 1);
                }
            },
            iter: 3_000,
            threads: 1); // its registry of schemas is shared and not made for threads

        Assert.True(
            accepted > 1_000 && refused > 1_000,
            $"{accepted} were accepted and {refused} refused: the generator no longer meets the schemas.");
    }

    private static Gen<(string, JsonNode?)> Keyword(Gen<JsonNode?> sub) => Gen.OneOf(
        Types.Select(types => ("type", types)),
        Value.Array[1, 4].Select(values => ("enum", (JsonNode?)new JsonArray([.. values.Select(Copy)]))),
        Value.Select(value => ("const", Copy(value))),
        Gen.Select(Gen.OneOf("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), Number)
            .Select((name, number) => (name, (JsonNode?)number)),
        Gen.OneOf(0.25m, 0.5m, 1m, 1.5m, 2m).Select(step => ("multipleOf", (JsonNode?)step)),
        Gen.Select(
            Gen.OneOf("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
            Gen.Int[0, 3])
            .Select((name, count) => (name, (JsonNode?)count)),
        Gen.OneOf("^a", "b$", "^a*b$", "[ab]{2}", "^(a|1)+$", "").Select(pattern => ("pattern", (JsonNode?)pattern)),
        sub.Select(schema => ("items", Copy(schema))),
        Gen.Bool.Select(flag => ("uniqueItems", (JsonNode?)flag)),
        Gen.Select(Name, sub).Array[0, 3].Select(members => ("properties", (JsonNode?)ObjectOf(members))),
        Name.HashSet[0, 2].Select(names => ("required", TextsOf(names))),
        sub.Select(schema => ("additionalProperties", Copy(schema))));

    private static JsonNode? TextsOf(IEnumerable<string> texts) =>
        new JsonArray([.. texts.Select(text => (JsonNode?)text)]);

    private static JsonNode? Copy(JsonNode? node) => node?.DeepClone();

    private static JsonObject ObjectOf(IEnumerable<(string Name, JsonNode? Value)> members)
    {
        var json = new JsonObject();
        foreach (var (name, value) in members)
        {
            json[name] = Copy(value);
        }

        return json;
    }
}

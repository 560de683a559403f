using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Tests.Definitions;

public sealed class DefinitionDiffTests
{
    private static readonly Gen<JsonNode?> Values =
        Gen.Recursive<JsonNode?>((depth, inner) => depth > 3 ? Leaf : Gen.OneOf(
        Leaf,
        inner.Array[0, 3].Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])),
        Gen.Select(Gen.OneOf("a", "b/c", "d~e"), inner)
            .Array[0, 3].Select(members => (JsonNode?)ObjectOf(members))));

    private static readonly Gen<JsonObject> Definitions = Gen.Select(
        NodesOf(4, "n"), NodesOf(2, "inner"), Gen.Int[0, 3].Array[0, 4], Values).Select(parts =>
        {
            var (nodes, inner, edges, settings) = parts;
            if (inner.Count > 0 && nodes.Count > 0)
            {
                nodes[0]!["body"] = new JsonObject { ["nodes"] = inner, ["output"] = settings?.DeepClone() };
            }

            return new JsonObject
            {
                ["schema"] = 1,
                ["nodes"] = nodes,
                ["edges"] = new JsonArray(
                    [.. edges.Distinct().Select(to => new JsonObject { ["from"] = "n0", ["to"] = $"n{to}" })]),
                ["settings"] = settings?.DeepClone(),
            };
        });

    private static Gen<JsonNode?> Leaf => Gen.OneOf(
        Gen.Int[0, 3].Select(number => (JsonNode?)number), Gen.OneOf("x", "y").Select(text => (JsonNode?)text),
        Gen.Bool.Select(flag => (JsonNode?)flag), Gen.Const((JsonNode?)null));

    [Fact]
    public void A_definition_does_not_differ_from_itself_whatever_the_order_of_its_members() =>
        Definitions.Sample(definition =>
        {
            var turned = new JsonObject(definition.Reverse()
                .Select(member => KeyValuePair.Create(member.Key, Turned(member.Value))));
            return Diff(definition, definition) is { Count: 0, Layout.Count: 0 } && Diff(definition, turned).Count == 0;
        });

    [Fact]
    public void What_is_added_one_way_is_removed_the_other_way() =>
        Gen.Select(Definitions, Definitions).Sample((before, after) =>
        {
            var (there, back) = (Diff(before, after), Diff(after, before));
            return Signs(there, DiffKind.Added).SequenceEqual(Signs(back, DiffKind.Removed))
                && Signs(there, DiffKind.Changed).SequenceEqual(Signs(back, DiffKind.Changed))
                && there.Layout.Order().SequenceEqual(back.Layout.Order());
        });

    [Fact]
    public void Definitions_without_a_difference_say_the_same() =>
        Gen.Select(Definitions, Definitions).Sample((before, after) =>
            Diff(before, after).Count > 0 || Flat(before).SetEquals(Flat(after)));

    [Fact]
    public void A_change_of_one_parameter_is_one_change_at_its_place_with_both_values() =>
        Definitions.Where(definition => definition["nodes"]!.AsArray().Count > 0).Sample(before =>
        {
            var after = before.DeepClone().AsObject();
            after["nodes"]![0]!["parameters"] = new JsonObject { ["value/x"] = 2 };
            before["nodes"]![0]!["parameters"] = new JsonObject { ["value/x"] = 1 };
            var change = Assert.Single(Diff(before, after).Changes);
            Assert.Equal((DiffPart.Node, DiffKind.Changed, "n0", "/parameters/value~1x"),
                (change.Part, change.Kind, change.Id, change.Pointer));
            Assert.Equal((1, 2), (change.Before!.Value.GetInt32(), change.After!.Value.GetInt32()));
        });

    [Theory]
    [InlineData("[1,2,3]", "[1,2,3,4]", "Added /settings/3")]
    [InlineData("[1,2,3]", "[1,3]", "Removed /settings/1")]
    [InlineData("[1,2,3]", "[0,1,2,3]", "Added /settings/0")]
    [InlineData("[1,2,3]", "[1,9,3]", "Changed /settings/1")]
    [InlineData("[1,1]", "[1,1,1]", "Added /settings/2")]
    [InlineData("[]", "[1]", "Added /settings/0")]
    [InlineData("1.0", "1", "")]
    [InlineData("""{"a":1}""", """{"a":null}""", "Changed /settings/a")]
    [InlineData("""{"a":1}""", "{}", "Removed /settings/a")]
    public void Lists_are_compared_between_what_both_begin_and_end_with(string before, string after, string expected)
    {
        var diff = DefinitionDiff.Of(
            JsonElement.Parse($$"""{"settings":{{before}}}"""), JsonElement.Parse($$"""{"settings":{{after}}}"""), 10);

        Assert.Equal(expected, string.Join(", ", diff.Changes.Select(change => $"{change.Kind} {change.Pointer}")));
    }

    [Fact]
    public void A_node_is_the_same_in_another_loop_and_at_another_place()
    {
        var before = JsonElement.Parse("""
            {"nodes":[{"id":"l","type":"repeat","body":{"nodes":[]}},{"id":"a","type":"noop","position":{"x":1,"y":1}}],
             "edges":[{"from":"l","to":"a"}]}
            """);
        var after = JsonElement.Parse("""
            {"nodes":[{"id":"l","type":"repeat","body":{"nodes":[{"id":"a","type":"noop","position":{"x":2,"y":1}}]}}],
             "edges":[{"from":"l","port":"main","to":"a"}]}
            """);

        var diff = DefinitionDiff.Of(before, after, 10);

        Assert.Equal((DiffKind.Moved, "a", "l"),
            (diff.Changes[0].Kind, diff.Changes[0].Id, diff.Changes[0].After?.GetString()));
        Assert.Equal((1, "a"), (diff.Count, Assert.Single(diff.Layout)));
        Assert.Equal(
            "x\n> node a: from outside of loops to the loop l\nlayout: 1 nodes are drawn elsewhere\n",
                DiffText.Write(diff, "x"));
    }

    [Fact]
    public void Changes_beyond_the_limit_are_counted_and_not_listed()
    {
        var nodes = Enumerable.Range(0, 5).Select(index => $$"""{"id":"n{{index}}","type":"noop"}""");
        var many = JsonElement.Parse($$"""{"nodes":[{{string.Join(',', nodes)}}]}""");

        var diff = DefinitionDiff.Of(JsonElement.Parse("{}"), many, 3);

        Assert.Equal((5, 3, true), (diff.Count, diff.Changes.Count, diff.IsCut));
        Assert.Contains("... and 2 more changes\n", DiffText.Write(diff, ""), StringComparison.Ordinal);
    }

    private static Gen<JsonArray> NodesOf(int most, string prefix) =>
        Gen.Select(Gen.OneOf("noop", "set"), Values, Gen.Int[0, 2]).Array[0, most]
        .Select(nodes => new JsonArray([.. nodes.Select((node, index) => new JsonObject
        {
            ["id"] = $"{prefix}{index}",
            ["type"] = node.Item1,
            ["parameters"] = new JsonObject { ["value"] = node.Item2?.DeepClone() },
            ["position"] = new JsonObject { ["x"] = node.Item3, ["y"] = 0 },
        })]));

    private static JsonObject ObjectOf((string Name, JsonNode? Value)[] members)
    {
        var made = new JsonObject();
        foreach (var (name, value) in members)
        {
            made[name] = value?.DeepClone();
        }

        return made;
    }

    private static JsonNode? Turned(JsonNode? value) => value is JsonObject members
        ? new JsonObject(members.Reverse().Select(member => KeyValuePair.Create(member.Key, Turned(member.Value))))
        : value?.DeepClone();

    private static DefinitionDiff Diff(JsonObject before, JsonObject after) =>
        DefinitionDiff.Of(Element(before), Element(after), int.MaxValue);

    private static JsonElement Element(JsonNode json) => JsonElement.Parse(json.ToJsonString());

    private static IEnumerable<string> Signs(DefinitionDiff diff, DiffKind kind) =>
        diff.Changes.Where(change => change.Kind == kind)
            .Select(change => $"{change.Part} {change.Id} {change.Pointer}").Order(StringComparer.Ordinal);

    // Nodes by their ids, wherever they stand in their list, without where they are drawn.
    private static HashSet<string> Flat(JsonObject definition)
    {
        var copy = definition.DeepClone().AsObject();
        var flat = new HashSet<string>();
        Collect(copy, "");
        flat.Add($"settings {Sorted(copy["settings"])}");
        return flat;

        void Collect(JsonObject holder, string loop)
        {
            foreach (var node in holder["nodes"]!.AsArray().OfType<JsonObject>().ToList())
            {
                var id = node["id"]!.GetValue<string>();
                if (node["body"] is JsonObject body)
                {
                    Collect(body, id);
                    body.Remove("nodes");
                }

                node.Remove("position");
                flat.Add($"{loop}/{id} {Sorted(node)}");
            }

            foreach (var edge in holder["edges"]?.AsArray() ?? [])
            {
                flat.Add(edge!.ToJsonString());
            }
        }
    }

    private static string Sorted(JsonNode? value) => value switch
    {
        JsonObject members => string.Join(',', members.OrderBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => $"{member.Key}:{Sorted(member.Value)}").Prepend("{").Append("}")),
        JsonArray items => $"[{string.Join(',', items.Select(Sorted))}]",
        null => "null",
        _ => value.ToJsonString(),
    };
}

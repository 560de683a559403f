using System.Text;
using System.Text.Json;
using Json.Schema;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>
/// The schema that editors check definitions with, against the engine's own check. <see cref="Flow.Compile(string)"/>
/// holds it against every definition that the other tests of the engine compile.
/// </summary>
public sealed class DefinitionSchemaTests
{
    // What a schema can say: the form of each place. Everything else concerns several places at once.
    private static readonly HashSet<string> Sayable =
    [
        FieldType, FieldMissing, FieldUnknown, FieldValue, SchemaUnsupported, TriggerTypeUnknown, NodeTypeUnknown,
        NodeIdInvalid, ParameterMissing, ParameterType, ParameterUnknown, ParameterValue, TooManyItems, GraphEmpty,
    ];

    private static readonly JsonElement Schema = JsonElement.Parse(DefinitionSchema.Utf8.Span);

    public static TheoryData<string, string, string> Broken => DefinitionProblemTests.Cases;

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_has_not_the_form_of_a_definition_is_refused(string code, string pointer, string definition)
    {
        if (!Sayable.Contains(code) || BeyondSchemas.Contains((code, pointer)) || definition.Length > 20_000)
        {
            return;
        }

        Assert.True(PublishedSchema.FindProblem(definition) is not null, $"{code} {pointer} {definition}");
    }

    [Fact]
    public void It_is_a_schema_of_its_dialect() =>
        Assert.True(MetaSchemas.Draft202012.Evaluate(Schema).IsValid);

    [Fact]
    public void Every_definition_of_the_sample_is_accepted()
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "eng/sample/definitions"), "*.json");

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Null(PublishedSchema.FindProblem(File.ReadAllText(file))));
    }

    [Theory]
    [InlineData("docs/definition.md", 1)]
    [InlineData("docs/definitions.md", 10)]
    public void Every_definition_of_the_documentation_is_accepted_by_schema_and_engine(string page, int count)
    {
        var definitions = DefinitionExamples.Of(page);

        Assert.Equal(count, definitions.Count);
        Assert.All(definitions, definition =>
        {
            Assert.Null(PublishedSchema.FindProblem(definition));
            CompiledWorkflow.TryAccept(
                Encoding.UTF8.GetBytes(definition), CustomNodeSet.Empty, out var workflow, out var problems);
            Assert.Empty(problems);
            Assert.NotNull(workflow);
        });
    }

    [Theory]
    [InlineData("#", """{"zzzz": 1}""")]
    [InlineData("node", """{"nodes": [{"zzzz": 1}]}""")]
    [InlineData("retry", """{"nodes": [{"retry": {"zzzz": 1}}]}""")]
    [InlineData("body", """{"nodes": [{"body": {"zzzz": 1}}]}""")]
    [InlineData("edge", """{"edges": [{"zzzz": 1}]}""")]
    [InlineData("settings", """{"settings": {"zzzz": 1}}""")]
    [InlineData("trigger.schedule", """{"triggers": [{"type": "schedule", "zzzz": 1}]}""")]
    [InlineData("trigger.webhook", """{"triggers": [{"type": "webhook", "zzzz": 1}]}""")]
    public void It_has_every_member_that_the_reader_knows(string name, string definition)
    {
        CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(definition), out _, out var problems);
        var unknown = Assert.Single(problems, problem => problem.Pointer.EndsWith("/zzzz", StringComparison.Ordinal));
        var known = unknown.Hint["Known here: ".Length..].TrimEnd('.').Split(", ");

        var schema = name == "#" ? Schema : Schema.GetProperty("$defs").GetProperty(name);
        var members = schema.GetProperty("properties").EnumerateObject().Select(member => member.Name);

        Assert.Equal(known.Order(), members.Order());
    }

    [Fact]
    public void Every_node_type_is_offered_with_what_it_does()
    {
        var offered = Schema.GetProperty("$defs").GetProperty("node").GetProperty("properties").GetProperty("type")
            .GetProperty("anyOf").EnumerateArray().Where(choice => choice.TryGetProperty("const", out _)).ToList();

        Assert.Equal(NodeCatalogue.Names, offered.Select(choice => choice.GetProperty("const").GetString()));
        Assert.All(offered, choice => Assert.NotEqual("", choice.GetProperty("description").GetString()));
    }

    [Theory]
    [InlineData("""{"id": "a", "type": "custom:anything", "parameters": {"whatever": [1]}}""", true)]
    [InlineData("""{"id": "a", "type": "custom:Anything"}""", false)]
    [InlineData("""{"id": "a", "type": "custom:x", "body": {"nodes": [{"id": "b", "type": "noop"}]}}""", false)]
    [InlineData("""{"id": "a", "type": "delay", "parameters": {"seconds": "{{ input.wait }}"}}""", true)]
    [InlineData("""{"id": "a", "type": "delay", "parameters": {"seconds": "soon"}}""", false)]
    [InlineData("""{"id": "a", "type": "delay", "parameters": {"seconds": 5, "minutes": 1}}""", false)]
    public void A_node_is_judged_by_its_type(string node, bool isAccepted) =>
        Assert.Equal(isAccepted, PublishedSchema.FindProblem(Flow.Json(node)) is null);

    // Of the codes above, what a schema of reasonable size cannot say all the same: a rule between two members, a text
    // of a grammar of its own, or the depth of nesting.
    private static readonly HashSet<(string Code, string Pointer)> BeyondSchemas =
    [
        (ParameterMissing, "/nodes/0/parameters/count"), (ParameterMissing, "/nodes/0/parameters/secret"),
        (ParameterValue, "/nodes/0/parameters/successStatus"), (ParameterValue, "/nodes/0/parameters/retryStatus"),
        (ParameterValue, "/nodes/0/parameters/cases"), (ParameterValue, "/nodes/0/parameters/cases/0/port"),
        (ParameterValue, "/nodes/0/parameters/cases/1/port"),
        (TooManyItems, string.Concat(Enumerable.Repeat("/nodes/0/body", Limits.BodyDepth + 1))),
    ];
}

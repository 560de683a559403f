using System.Text.Json;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>
/// The official JSON Schema Test Suite (release 2.0.0, in the folder beside this file, unchanged), as far as it uses
/// keywords and formats that inputs may have. Of those, draft 7 means the same as 2020-12.
/// </summary>
public sealed class JsonSchemaSuiteTests
{
    private static readonly string Folder =
        Path.Combine(AppContext.BaseDirectory, "Definitions", "JsonSchemaTestSuite");

    private static readonly string[] RefusalCodes =
        [DefinitionProblemCodes.InputSchemaKeywordUnsupported, DefinitionProblemCodes.InputSchemaInvalid];

    // What they use: patternProperties, additionalItems, a list of schemas as items.
    private static readonly string[] RefusedGroups =
    [
        "additionalProperties.json: additionalProperties being false does not allow other properties",
        "additionalProperties.json: non-ASCII pattern with additionalProperties",
        "items.json: an array of schemas for items",
        "items.json: items with boolean schemas",
        "properties.json: properties, patternProperties, additionalProperties interaction",
    ];

    public static TheoryData<string> Files() =>
        [.. Directory.EnumerateFiles(Folder, "*.json", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Folder, path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Verdicts_are_those_of_the_suite(string file)
    {
        foreach (var (group, workflow) in Groups(file))
        {
            foreach (var test in group.GetProperty("tests").EnumerateArray().Where(_ => workflow is not null))
            {
                var problems = workflow!.ValidateInput(test.GetProperty("data"));

                Assert.True(
                    test.GetProperty("valid").GetBoolean() == (problems.Count == 0),
                    $"{group.GetProperty("description")}: {test.GetProperty("description")}: "
                    + string.Join(", ", problems));
            }
        }
    }

    [Fact]
    public void What_the_suite_asks_beyond_our_keywords_is_refused_and_known()
    {
        var refused = Files().SelectMany(file => Groups(file.Data).Where(entry => entry.Workflow is null)
            .Select(entry => $"{file.Data}: {entry.Group.GetProperty("description")}")).ToArray();

        Assert.Equal(RefusedGroups, refused);
    }

    private static IEnumerable<(JsonElement Group, CompiledWorkflow? Workflow)> Groups(string file)
    {
        foreach (var group in JsonElement.Parse(File.ReadAllBytes(Path.Combine(Folder, file))).EnumerateArray())
        {
            var json = Flow.Json(Flow.Noop("a"), "", $", \"parameters\": {group.GetProperty("schema").GetRawText()}");
            var problems = Flow.Problems(json);
            Assert.All(problems, problem => Assert.Contains(problem.Code, RefusalCodes));
            yield return (group, problems.Count == 0 ? Flow.Compile(json) : null);
        }
    }
}

using System.Text;
using System.Text.RegularExpressions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>The page on the definition names every member that the reader of definitions knows, and no other.</summary>
public sealed partial class DefinitionPageTests
{
    private static readonly string Page =
        File.ReadAllText(Path.Combine(Repository.Root, "docs/definition.md")).ReplaceLineEndings("\n");

    [GeneratedRegex("`([a-zA-Z]+)`")]
    private static partial Regex Member();

    [Theory]
    [InlineData("## Definition", """{"zzzz": 1}""")]
    [InlineData("## Node", """{"nodes": [{"zzzz": 1}]}""")]
    [InlineData("## Position", """{"nodes": [{"position": {"zzzz": 1}}]}""")]
    [InlineData("## Retry", """{"nodes": [{"retry": {"zzzz": 1}}]}""")]
    [InlineData("## Body", """{"nodes": [{"body": {"zzzz": 1}}]}""")]
    [InlineData("## Edge", """{"edges": [{"zzzz": 1}]}""")]
    [InlineData("## Settings", """{"settings": {"zzzz": 1}}""")]
    [InlineData("## Concurrency", """{"settings": {"concurrency": {"zzzz": 1}}}""")]
    [InlineData("## Rate limit", """{"settings": {"rateLimit": {"zzzz": 1}}}""")]
    [InlineData("### Event, manual, session", """{"triggers": [{"zzzz": 1}]}""")]
    [InlineData("### Schedule", """{"triggers": [{"type": "schedule", "zzzz": 1}]}""")]
    [InlineData("### Webhook", """{"triggers": [{"type": "webhook", "zzzz": 1}]}""")]
    public void Every_member_is_on_the_page(string heading, string definition)
    {
        CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(definition), out _, out var problems);
        var unknown = Assert.Single(problems, problem => problem.Pointer.EndsWith("/zzzz", StringComparison.Ordinal));
        var known = unknown.Hint["Known here: ".Length..].TrimEnd('.').Split(", ");

        Assert.Equal(known.Order(), Documented(heading).Order());
    }

    [Fact]
    public void The_examples_compile()
    {
        var examples =
            Page.Split("```json\n")[1..].Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]).ToList();

        Assert.NotEmpty(examples);
        Assert.All(examples, example =>
        {
            CompiledWorkflow.TryAccept(Encoding.UTF8.GetBytes(example), CustomNodeSet.Empty, out _, out var problems);
            Assert.Empty(problems);
        });
    }

    [Fact]
    public void The_scope_is_on_the_page() =>
        Assert.All([.. ScopeNames.Body, ScopeNames.Secrets], name => Assert.Matches($"`{name}[`.]", Page));

    private static IEnumerable<string> Documented(string heading)
    {
        var section = Page[(Page.IndexOf($"\n{heading}\n", StringComparison.Ordinal) + heading.Length + 2)..];
        var end = section.IndexOf("\n#", StringComparison.Ordinal);
        return section[..end].Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Member().Matches(line.Split('|')[1]).Select(match => match.Groups[1].Value));
    }
}

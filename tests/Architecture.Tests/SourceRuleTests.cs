namespace Workflows.Architecture.Tests;

public sealed class SourceRuleTests
{
    private static readonly Dictionary<string, SourceRule> Rules =
        ((SourceRule[])[.. SqlRules.All, .. ShapeRules.All, .. TextRules.All])
        .ToDictionary(rule => rule.Sentence, StringComparer.Ordinal);

    public static TheoryData<string> Sentences() => [.. Rules.Keys];

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Every_source_file_keeps_the_rule(string sentence)
    {
        var rule = Rules[sentence];

        var violations = SourceFile.All.SelectMany(file => rule.Find(file).Select(text => (file.Path, Text: text))).ToArray();

        var unknown = violations.Where(violation => !rule.Known.Contains(violation.Path)).Select(violation => violation.Text).ToArray();
        Assert.True(unknown.Length == 0, $"{sentence}:{Environment.NewLine}{string.Join(Environment.NewLine, unknown)}");
        Assert.Empty(rule.Known.Except(violations.Select(violation => violation.Path))); // a file that was put right leaves the list
    }

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Every_rule_sees_a_violation(string sentence)
    {
        var rule = Rules[sentence];

        Assert.NotEmpty(rule.Find(new SourceFile(rule.ExamplePath, rule.Example)));
        if (rule.OtherExample is { } other)
        {
            Assert.NotEmpty(rule.Find(new SourceFile(rule.ExamplePath, other)));
        }
    }
}

namespace Workflows.Architecture.Tests;

public sealed class ReferenceRuleTests
{
    private static readonly Dictionary<string, ReferenceRule> Rules =
        ReferenceRules.All.ToDictionary(rule => rule.Sentence, StringComparer.Ordinal);

    public static TheoryData<string> Sentences() => [.. Rules.Keys];

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Every_assembly_of_the_product_keeps_the_rule(string sentence)
    {
        var breaches = Rules[sentence].Breaches(Compiled.Product);

        Assert.True(breaches.Count == 0, $"{sentence}:\n{string.Join('\n', breaches)}");
    }

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Every_rule_sees_each_of_its_breaches_and_nothing_in_what_is_right(string sentence)
    {
        var rule = Rules[sentence];

        Assert.NotEmpty(rule.Examples);
        Assert.All(rule.Examples, example => Assert.NotEmpty(rule.Breaches(Compiled.Example(rule.Project, example))));
        Assert.All(rule.Allowed, example => Assert.Empty(rule.Breaches(Compiled.Example(rule.Project, example))));
    }

    [Fact]
    public void The_types_of_every_product_assembly_were_read()
    {
        var read = Compiled.Product.Select(type => type.Assembly.Name.Split(',')[0]).Distinct();

        Assert.Equal(SourceFile.Projects.Select(project => $"Workflows.{project}").Order(), read.Order());
    }
}

using System.Text.RegularExpressions;

namespace Workflows.Architecture.Tests;

/// <summary>Pages that nobody finds are not read, and links that lead nowhere are worse than none.</summary>
public sealed partial class DocumentationTests
{
    private const string Index = "docs/README.md";

    /// <summary>What the forge resolves, beside the files of the repository.</summary>
    private const string ForgePath = "../../security/";

    private static readonly string[] Pages = [.. Repository.Files(".md")];

    [Fact]
    public void The_index_names_every_page_and_every_decision_record()
    {
        var linked = Links(Index).Select(link => link.Target).ToHashSet();

        Assert.Empty(Pages.Where(path => path.IsBelow("docs/") && path != Index).Except(linked));
    }

    [Fact]
    public void The_index_gives_decision_records_their_titles()
    {
        var index = Repository.Read(Index);
        var lines = Pages.Where(path => path.IsBelow("docs/adr/")).Select(path =>
        {
            var title = Title().Match(Repository.Read(path)).Groups;
            return $"| [{title["number"].Value}](adr/{Path.GetFileName(path)}) | {title["text"].Value} |";
        });

        Assert.All(lines, line => Assert.Contains(line, index, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_link_within_the_repository_leads_somewhere()
    {
        var broken = Pages.SelectMany(Links)
            .Where(link => !Path.Exists(Path.Combine(Repository.Root, link.Target)))
            .Select(link => $"{link.Page}: {link.Target}");

        Assert.Empty(broken);
    }

    [Theory]
    [InlineData("see [this](adr/0001-x.md#why).", "docs/adr/0001-x.md")]
    [InlineData("see [this](../README.md)", "README.md")]
    [InlineData("see [that](https://example.com/a.md), [below](#below)", null)]
    [InlineData("`[code](nowhere.md)`", null)]
    public void A_link_is_read_as_a_forge_reads_it(string text, string? target) =>
        Assert.Equal(target is null ? [] : [target], Targets("docs/page.md", text));

    private static IEnumerable<(string Page, string Target)> Links(string page) =>
        Targets(page, Repository.Read(page)).Select(target => (page, target));

    private static IEnumerable<string> Targets(string page, string text) =>
        Link().Matches(Code().Replace(text, ""))
            .Select(match => match.Groups["target"].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.IsBelow(ForgePath))
            .Select(target => Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, target)))
            .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'));

    [GeneratedRegex(@"(?<!\\)\]\((?<target>[^)#\s]+)(#[^)\s]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"```.*?```|`[^`\n]*`", RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex(@"\A# (?<number>\d+)\. (?<text>.+)")]
    private static partial Regex Title();
}

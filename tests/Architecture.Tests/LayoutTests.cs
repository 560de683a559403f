using System.Text.RegularExpressions;

namespace Workflows.Architecture.Tests;

/// <summary>Where things lie, and what no place may know.</summary>
public sealed partial class LayoutTests
{
    private static readonly string[] RootFolders =
    [
        ".ci", ".config", ".devcontainer", ".github",
        "AiSearch", "Api", "AppHost", "Connectors", "Console", "Data", "Engine", "Jsonata", "Models", "ServiceDefaults",
        "Worker",
        "bench", "docs", "eng", "tests",
    ];

    private static readonly string[] RootFiles =
    [
        ".editorconfig", ".gitattributes", ".gitignore",
        "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "NOTICE", "README.md", "SECURITY.md",
        "Directory.Build.props", "Directory.Packages.props", "Workflows.Aspire.slnx", "azure.yaml", "global.json",
        "run", "test",
    ];

    [Fact]
    public void The_root_of_the_repository_holds_nothing_unlisted()
    {
        var ignored = Repository.Read(".gitignore").Split('\n').Select(line => line.Trim().Trim('/')).ToHashSet();
        var entries = Directory.EnumerateFileSystemEntries(Repository.Root).Select(entry => Path.GetFileName(entry)!).ToArray();

        Assert.Empty(entries.Except([.. RootFolders, .. RootFiles, .. ignored, ".git"]));
    }

    [Fact]
    public void No_folder_or_project_is_a_drawer_for_what_has_no_name()
    {
        var offenders = Repository.Files(".cs", ".csproj", ".ts", ".tsx", ".sql").Where(path => Drawer().IsMatch(path));

        Assert.Empty(offenders);
    }

    [Theory]
    [InlineData("Data/Common/Rows.cs")]
    [InlineData("Shared/Shared.csproj")]
    [InlineData("Workflows.Core/Thing.cs")]
    [InlineData("Console/src/utils/date.ts")]
    [InlineData("Api/Helpers/Text.cs")]
    public void A_drawer_is_seen(string path) => Assert.Matches(Drawer(), path);

    [Fact]
    public void No_file_holds_the_marks_of_a_merge() => Assert.DoesNotContain(
        Repository.Files(".md", ".cs", ".sql", ".json", ".txt", ".yml", ".yaml", ".sh", ".props", ".csproj"),
        path => MergeMark().IsMatch(Repository.Read(path)));

    [Theory]
    [InlineData("a\n<<<<<<" + "< HEAD\nb", true)]
    [InlineData("a\n>>>>>>" + "> main\n", true)]
    [InlineData("heading\n=======\n", false)]
    [InlineData("x <<<<<<< y", false)]
    public void A_mark_of_a_merge_is_seen(string text, bool isSeen) =>
        Assert.Equal(isSeen, MergeMark().IsMatch(text));

    [Fact]
    public void Every_product_project_keeps_its_limits_in_one_place()
    {
        var files = Repository.Files("/Limits.cs").Where(path => !path.IsBelow("eng/", "tests/", "bench/")).ToArray();

        Assert.NotEmpty(files);
        Assert.All(files, path => Assert.Equal(2, path.Split('/').Length));
    }

    [GeneratedRegex(@"^(<<<<<<<|>>>>>>>) ", RegexOptions.Multiline)]
    private static partial Regex MergeMark();

    [GeneratedRegex(@"(^|[/.])(common|shared|core|utils?|helpers?|misc)([/.](?!ts)|$)", RegexOptions.IgnoreCase)]
    private static partial Regex Drawer();
}

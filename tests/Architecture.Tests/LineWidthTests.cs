namespace Workflows.Architecture.Tests;

public sealed class LineWidthTests
{
    private static readonly string ListPath = Path.Combine(Repository.Root, LineWidth.ListFile);

    [Fact]
    public void No_file_has_more_wide_lines_than_the_list_says()
    {
        var wide = SourceFile.All.ToDictionary(file => file.Path, file => LineWidth.WideLines(file.Text));
        if (Environment.GetEnvironmentVariable(LineWidth.RenewSwitch) is { Length: > 0 })
        {
            var before = File.Exists(ListPath) ? LineWidth.Parse(File.ReadAllText(ListPath)) : null;
            File.WriteAllText(ListPath, LineWidth.Write(LineWidth.Renewed(wide, before)));
        }

        var problems = LineWidth.Problems(wide, LineWidth.Parse(File.ReadAllText(ListPath))).ToArray();

        Assert.True(problems.Length == 0, string.Join(Environment.NewLine, problems));
    }

    [Fact]
    public void The_list_is_written_as_it_is_renewed()
    {
        var list = File.ReadAllText(ListPath);

        Assert.Equal(LineWidth.Write(LineWidth.Parse(list)), list);
    }

    [Theory]
    [InlineData(120, 'x', false)]
    [InlineData(121, 'x', true)]
    [InlineData(120, 'ä', false)]
    [InlineData(121, '\t', true)]
    public void A_line_of_one_character_too_many_is_seen(int width, char character, bool isWide) =>
        Assert.Equal(isWide ? [2] : [], LineWidth.WideLines($"\n{new string(character, width)}\r\n"));

    [Theory]
    [InlineData(2, 2, null)]
    [InlineData(3, 2, "2 were known; they are 1, 2, 3")]
    [InlineData(1, 0, "0 were known; they are 1")]
    [InlineData(1, 2, "got better, from 2 to 1")]
    [InlineData(0, 2, "got better, from 2 to 0")]
    public void A_file_that_differs_from_the_list_is_seen(int actual, int known, string? problem)
    {
        var problems = LineWidth.Problems(Wide(actual), Known(known)).ToArray();

        Assert.Equal(problem is null ? 0 : 1, problems.Length);
        Assert.All(problems, found => Assert.Contains(problem!, found, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_gone_is_seen() =>
        Assert.Contains(
            "not there any more",
            Assert.Single(LineWidth.Problems(Wide(0), Known(0, ("Gone.cs", 3)))),
            StringComparison.Ordinal);

    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(3, 2, 2)]
    [InlineData(3, 0, 0)]
    [InlineData(0, 2, 0)]
    public void A_renewed_list_allows_nothing_that_the_list_before_did_not(int actual, int known, int expected) =>
        Assert.Equal(expected, LineWidth.Renewed(Wide(actual), Known(known)).GetValueOrDefault("A.cs"));

    [Fact]
    public void A_list_that_begins_anew_takes_all_as_it_is() =>
        Assert.Equal(3, LineWidth.Renewed(Wide(3), recorded: null)["A.cs"]);

    private static Dictionary<string, IReadOnlyList<int>> Wide(int lines) =>
        new() { ["A.cs"] = [.. Enumerable.Range(1, lines)] };

    private static Dictionary<string, int> Known(int lines, params (string Path, int Lines)[] others)
    {
        var known = others.ToDictionary(file => file.Path, file => file.Lines);
        known["A.cs"] = lines;
        return known;
    }
}

using System.Text.RegularExpressions;

namespace Workflows.Architecture.Tests;

/// <summary>A decision nobody enforces is a wish: every record names the test, analyzer or constraint that holds it.</summary>
public sealed partial class DecisionRecordTests
{
    private const string Folder = "docs/adr/";
    private const int MaxLines = 60;

    [Fact]
    public void Every_decision_record_keeps_the_form()
    {
        var records = Repository.Files(".md").Where(path => path.IsBelow(Folder)).ToArray();

        Assert.Empty(records.SelectMany(path => Problems(Path.GetFileName(path)!, Repository.Read(path))));
        Assert.Equal(Enumerable.Range(1, records.Length).Select(number => $"{number:D4}"), records.Select(path => Path.GetFileName(path)![..4]));
    }

    [Theory]
    [InlineData("0001-ledger.md", "# Ledger\n\nEnforced by the tests.\n", null)]
    [InlineData("0001-ledger.md", "# Ledger\n\n## Enforced by\n\n- `CheckpointTests`\n- a constraint\n", null)]
    [InlineData("0001-ledger.md", "# Ledger\n\nEnforced by the tests.\n\n## Notes\n\nMore.\n", "Enforced by")]
    [InlineData("0001-ledger.md", "# Ledger\n\n## Enforced by\n", "Enforced by")]
    [InlineData("ledger.md", "# Ledger\n\nEnforced by the tests.\n", "name")]
    public void A_record_without_its_form_is_seen(string name, string text, string? problem)
    {
        var problems = Problems(name, text).ToArray();

        Assert.Equal(problem is null ? 0 : 1, problems.Length);
        Assert.All(problems, found => Assert.Contains(problem!, found, StringComparison.Ordinal));
    }

    [Fact]
    public void A_record_of_one_line_too_many_is_seen() =>
        Assert.Single(Problems("0001-long.md", new string('\n', MaxLines) + "Enforced by a test."));

    private static IEnumerable<string> Problems(string name, string text)
    {
        if (!RecordName().IsMatch(name))
        {
            yield return $"{name}: the name is not NNNN-title.md";
        }

        if (text.TrimEnd().Count(character => character == '\n') >= MaxLines)
        {
            yield return $"{name}: is longer than {MaxLines} lines";
        }

        if (!EndsEnforced().IsMatch(text.TrimEnd()))
        {
            yield return $"{name}: does not end in \"Enforced by\" and what enforces it";
        }
    }

    [GeneratedRegex(@"^\d{4}-[a-z0-9-]+\.md$")]
    private static partial Regex RecordName();

    // Either the last paragraph begins with it, or it is the last heading and something follows.
    [GeneratedRegex(@"(^|\n)(\*\*)?Enforced by\b(?!\n)(?!.*\n\n)[^#]+\z|(^|\n)#+ Enforced by:?\s*\n\s*\S[^#]*\z", RegexOptions.Singleline)]
    private static partial Regex EndsEnforced();
}

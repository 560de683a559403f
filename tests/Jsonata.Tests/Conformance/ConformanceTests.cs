namespace Workflows.Jsonata.Tests.Conformance;

/// <summary>
/// Runs the public JSONata suite. The folder is taken from JSONATA_SUITE, else from ../shared/conformance/jsonata beside
/// the repository; the last line printed is "conformance PASSED/TOTAL".
/// </summary>
public sealed class ConformanceTests
{
    /// <summary>Cases that cannot hold here, "group/file" with the reason.</summary>
    private static readonly Dictionary<string, string> Deviations = new(StringComparer.Ordinal);

    [Fact]
    public void Every_case_of_the_public_suite_holds()
    {
        var suite = Suite.Find();
        Assert.SkipWhen(
            suite is null,
            "The public suite is not here: set JSONATA_SUITE to a folder with groups/ and datasets/.");

        var failures = new List<string>();
        var passed = 0;
        var total = 0;
        foreach (var group in Suite.Read(suite!).GroupBy(suiteCase => suiteCase.Group, StringComparer.Ordinal))
        {
            var outcomes = group.Select(suiteCase => (suiteCase, Problem: suiteCase.Run())).ToList();
            var held = outcomes.Count(outcome => outcome.Problem is null);
            Console.WriteLine($"{group.Key} {held}/{outcomes.Count}");
            failures.AddRange(outcomes
                .Where(outcome => outcome.Problem is not null)
                .Select(outcome => $"{outcome.suiteCase.Group}/{outcome.suiteCase.Name}: {Short(outcome.suiteCase.Expression)}\n    {Short(outcome.Problem!)}"));
            passed += held;
            total += outcomes.Count;
        }

        failures.ForEach(Console.WriteLine);
        Console.WriteLine($"conformance {passed}/{total}");
        Assert.True(total > 0, $"There are no cases in {suite}.");
        Assert.DoesNotContain(failures, failure => !Deviations.ContainsKey(failure.Split(':')[0]));
    }

    private static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= 300 ? line : line[..300] + "…";
    }
}

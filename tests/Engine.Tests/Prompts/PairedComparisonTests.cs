using Workflows.Engine.Prompts;

namespace Workflows.Engine.Tests.Prompts;

/// <summary>Verdicts against values that are known: McNemar's exact test is a binomial one on the cases that
/// differ.</summary>
public sealed class PairedComparisonTests
{
    [Theory]
    [InlineData(2, 10, 0.038574, PairedComparison.Better)] // 2 * (1 + 12 + 66) / 4096
    [InlineData(10, 2, 0.038574, PairedComparison.Worse)]
    [InlineData(3, 10, 0.092285, PairedComparison.NotShown)] // 2 * (1 + 13 + 78 + 286) / 8192
    [InlineData(0, 5, 0.0625, PairedComparison.NotShown)]
    [InlineData(0, 6, 0.03125, PairedComparison.Better)]
    [InlineData(5, 5, 1, PairedComparison.NotShown)]
    [InlineData(0, 0, 1, PairedComparison.NotShown)]
    public void One_repeat_is_McNemars_exact_test(int firstOnly, int secondOnly, double p, string verdict)
    {
        var result = PairedComparison.Compare(
        [
            .. Cases(firstOnly, 1, 0, 1), .. Cases(secondOnly, 0, 1, 1), .. Cases(20, 1, 1, 1), .. Cases(5, 0, 0, 1),
        ]);

        Assert.Equal(p, result.PValue, 1e-6);
        Assert.Equal(verdict, result.Verdict);
        Assert.Equal(firstOnly + secondOnly, result.Discordant);
        Assert.Equal(firstOnly + secondOnly + 25, result.Cases);
        Assert.Equal((double)(secondOnly - firstOnly) / result.Cases, result.Difference, 9);
    }

    [Fact]
    public void Repeats_of_one_case_are_no_proof_however_many()
    {
        var result = PairedComparison.Compare([new PairedCase("a", 0, 20, 20)]);

        Assert.Equal(PairedComparison.NotShown, result.Verdict);
        Assert.Equal(1, result.PValue, 9);
        Assert.Equal(1, result.Difference, 9);
    }

    [Fact]
    public void Differences_of_several_sizes_are_weighed_exactly()
    {
        // 3, 1, 1, 1 with one against: of 16 signs, those with |sum| >= 4 are +-6 and +-4, in 2 * (1 + 3) ways.
        var result = PairedComparison.Compare(
        [
            new PairedCase("a", 0, 3, 3), new PairedCase("b", 0, 1, 3), new PairedCase("c", 1, 2, 3),
            new PairedCase("d", 3, 2, 3),
        ]);

        Assert.Equal(8 / 16.0, result.PValue, 9);
        Assert.Equal(4 / 12.0, result.Difference, 9);
    }

    [Fact]
    public void Chance_alone_is_called_a_difference_no_more_often_than_it_may()
    {
        var random = new Random(7);
        var shown = 0;
        for (var trial = 0; trial < 400; trial++)
        {
            var cases = Enumerable.Range(0, 40).Select(_ => new PairedCase("c", random.Next(4), random.Next(4), 3));
            shown += PairedComparison.Compare([.. cases]).Verdict == PairedComparison.NotShown ? 0 : 1;
        }

        Assert.True(shown <= 35, $"{shown} of 400"); // 20 are expected
    }

    private static IEnumerable<PairedCase> Cases(int count, int first, int second, int repeats) =>
        Enumerable.Range(0, count).Select(number => new PairedCase($"{first}{second}{number}", first, second, repeats));
}

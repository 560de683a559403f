namespace Workflows.Engine.Prompts;

/// <summary>How often a case passed on each side.</summary>
/// <param name="FirstPassed">Of the repeats that count.</param>
/// <param name="SecondPassed">Of as many repeats.</param>
/// <param name="Repeats">That both sides have.</param>
public sealed record PairedCase(string Name, int FirstPassed, int SecondPassed, int Repeats);

/// <summary>What a comparison shows.</summary>
/// <param name="Verdict">better, worse (the second, against the first) or no difference shown.</param>
/// <param name="Cases">Cases that both sides have.</param>
/// <param name="Discordant">Of these, where the sides differ: only they tell.</param>
/// <param name="PValue">How often chance alone would differ by as much, or more, in either direction.</param>
/// <param name="Difference">Pass rate of the second less that of the first, over these cases.</param>
public sealed record PairedVerdict(string Verdict, int Cases, int Discordant, double PValue, double Difference);

/// <summary>
/// Whether one side passes more than the other on the same cases: the exact sign-flip test of the differences by case.
/// If nothing distinguishes the sides, the difference of each case is as likely with either sign; p is the share of all
/// assignments of signs that sum to as much. With one repeat it is McNemar's exact test. Repeats of a case count as one
/// observation, since they are not independent of each other.
/// </summary>
public static class PairedComparison
{
    /// <summary>Below it a difference counts as shown.</summary>
    public const double Significance = 0.05;

    public const string Better = "better";
    public const string Worse = "worse";
    public const string NotShown = "no difference shown";

    public static PairedVerdict Compare(IReadOnlyList<PairedCase> cases)
    {
        var differences = cases.Select(one => one.SecondPassed - one.FirstPassed).Where(number => number != 0)
            .ToList();
        var sum = differences.Sum();
        var p = PValue(differences, Math.Abs(sum));
        var repeats = cases.Sum(one => one.Repeats);
        var verdict = p >= Significance || sum == 0 ? NotShown : sum > 0 ? Better : Worse;
        return new PairedVerdict(
            verdict, cases.Count, differences.Count, p, repeats == 0 ? 0 : (double)sum / repeats);
    }

    // The distribution of the sum over all signs, one case after the other: exact, in steps of cases times the
    // largest sum.
    private static double PValue(List<int> differences, int observed)
    {
        var most = differences.Sum(Math.Abs);
        if (most == 0)
        {
            return 1;
        }

        var shares = new double[(2 * most) + 1];
        shares[most] = 1;
        foreach (var size in differences.Select(Math.Abs))
        {
            var next = new double[shares.Length];
            for (var at = 0; at < shares.Length; at++)
            {
                if (shares[at] > 0)
                {
                    next[at - size] += shares[at] / 2;
                    next[at + size] += shares[at] / 2;
                }
            }

            shares = next;
        }

        var extreme = 0.0;
        for (var at = 0; at < shares.Length; at++)
        {
            extreme += Math.Abs(at - most) >= observed ? shares[at] : 0;
        }

        return Math.Min(1, extreme);
    }
}

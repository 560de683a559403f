using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Data.Prompts;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <param name="FirstVersion">Null = the first of the run; so are the others.</param>
internal sealed record ComparisonQuery(
    [property: FromQuery(Name = "firstVersion")] int? FirstVersion,
    [property: FromQuery(Name = "firstModel")] string? FirstModel,
    [property: FromQuery(Name = "secondVersion")] int? SecondVersion,
    [property: FromQuery(Name = "secondModel")] string? SecondModel);

/// <summary>Whether one side of a run passes more than the other, and what both took.</summary>
internal static class ComparisonEndpoint
{
    public static async Task<ApiResponse<ComparisonView>> CompareAsync(
        Guid cardId, Guid testRunId, [AsParameters] ComparisonQuery query, ApiRequest request, PromptFigures figures,
        CancellationToken token)
    {
        if (await request.FindRunAsync(cardId, testRunId, token) is not { } run)
        {
            return new Problem(Errors.TestRunNotFound);
        }

        var first = new RunSide(query.FirstVersion ?? run.Versions[0], query.FirstModel ?? run.Models[0]);
        var second = new RunSide(query.SecondVersion ?? run.Versions[0], query.SecondModel ?? run.Models[0]);
        if (Array.Find([first, second], side => !run.Versions.Contains(side.Version)
            || !run.Models.Contains(side.Model))
            is { } stranger)
        {
            return Problem.Parameter(
                stranger == first ? "firstVersion" : "secondVersion", "The run has no such version and model.");
        }

        if (first == second)
        {
            return Problem.Parameter("secondVersion", "The sides are the same: name another version or model.");
        }

        var rows = await figures.ResultsAsync(request.Caller.TenantId, testRunId, token);
        var (firsts, seconds) = (Of(rows, first), Of(rows, second));
        var verdict = PairedComparison.Compare([.. Pairs(firsts, seconds)]);
        return new ComparisonView(
            Describe(first, firsts), Describe(second, seconds), verdict.Verdict, verdict.Cases, verdict.Discordant,
            Math.Round(verdict.PValue, 6), Math.Round(verdict.Difference, 6));
    }

    private static List<RunResult> Of(IReadOnlyList<RunResult> rows, RunSide side) =>
        [.. rows.Where(row => row.Version == side.Version && row.Model == side.Model)];

    // As many repeats of a case as both sides have, since a run that was cut short may lack some.
    private static IEnumerable<PairedCase> Pairs(List<RunResult> firsts, List<RunResult> seconds)
    {
        var others = seconds.ToLookup(row => row.Case);
        foreach (var one in firsts.GroupBy(row => row.Case))
        {
            var (mine, theirs) = (one.ToDictionary(row => row.Repeat), others[one.Key].ToList());
            var both = theirs.FindAll(row => mine.ContainsKey(row.Repeat));
            if (both.Count > 0)
            {
                yield return new PairedCase(
                    one.Key, both.Count(row => mine[row.Repeat].Passed), both.Count(row => row.Passed), both.Count);
            }
        }
    }

    private static SideView Describe(RunSide side, List<RunResult> rows)
    {
        var times = rows.Where(row => row.Milliseconds is not null).Select(row => (double)row.Milliseconds!.Value)
            .Order().ToList();
        var passed = rows.Count(row => row.Passed);
        return new SideView(
            side.Version, side.Model, rows.Count, passed, rows.Count == 0 ? null : (double)passed / rows.Count,
            times.Count == 0 ? null : times.Average(),
            times.Count == 0 ? null : times[(int)Math.Ceiling(times.Count * 0.95) - 1], rows.Sum(row => row.Cost));
    }

    private sealed record RunSide(int Version, string Model);
}

using Workflows.Api.Http;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

internal sealed record CreateTestSetRequest(string Name, TestCase[] Cases, string Description = "");

/// <summary>What is left out stays as it is.</summary>
/// <param name="Cases">Replace the present ones as a whole.</param>
internal sealed record UpdateTestSetRequest(string? Name = null, TestCase[]? Cases = null, string? Description = null);

internal sealed record TestSetView(
    Guid Id, Guid CardId, string Name, string Description, IReadOnlyList<TestCase> Cases, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <param name="Models">Names of 1 to 8 models; empty = that of the card, or else the tenant's default.</param>
/// <param name="Versions">Up to 10 versions of the card; empty = the published one, or else the newest.</param>
/// <param name="Repeats">How often each case is asked of each model with each version: 1 to 20.</param>
/// <param name="CostLimit">US dollars. Once the answers have cost as much, nothing more is asked; what is under way
/// ends, so that it may be exceeded by the cost of at most 8 questions for each worker.</param>
internal sealed record StartTestRunRequest(
    string[]? Models = null, int[]? Versions = null, int Repeats = 1, decimal? CostLimit = null) : IOptionalBody;

/// <param name="Status">running, completed, cancelled or cost_limit.</param>
/// <param name="Total">Questions; <c>Done</c> of them have ended and <c>Passed</c> passed.</param>
/// <param name="Used">US dollars so far.</param>
internal sealed record TestRunView(
    Guid Id, Guid CardId, Guid SetId, string SetName, IReadOnlyList<string> Models, IReadOnlyList<int> Versions,
    int Repeats, decimal? CostLimit, string Status, int Total, int Done, int Passed, decimal Used, Guid? CreatedBy,
    DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt);

/// <summary>One version on one model.</summary>
/// <param name="Model">As the run was asked for it; empty = the tenant's default.</param>
/// <param name="PassRate">0 to 1; null while nothing has ended.</param>
internal sealed record SideView(
    int Version, string Model, int Done, int Passed, double? PassRate, double? MeanMs, double? P95Ms, decimal Cost);

/// <param name="Verdict">better, worse (the second against the first) or no difference shown.</param>
/// <param name="N">Cases that both sides have answered.</param>
/// <param name="Discordant">Of these, where the sides differ.</param>
/// <param name="P">How often chance alone would differ by as much.</param>
/// <param name="Difference">Pass rate of the second less that of the first.</param>
internal sealed record ComparisonView(
    SideView First, SideView Second, string Verdict, int N, int Discordant, double P, double Difference);

using Microsoft.AspNetCore.Mvc;

namespace Workflows.Api.Terms;

/// <param name="Required">Who has not accepted it may do nothing else, from its beginning on.</param>
/// <param name="ValidFrom">Left out: from now on.</param>
internal sealed record CreateTermsRequest(
    string Title, string Text, bool Required = false, DateTimeOffset? ValidFrom = null);

/// <summary>What is left out stays as it is.</summary>
internal sealed record UpdateTermsRequest(
    string? Title = null, string? Text = null, bool? Required = null, DateTimeOffset? ValidFrom = null);

/// <param name="By">tenant or platform: whose terms they are.</param>
/// <param name="Current">The newest version of these that is valid.</param>
/// <param name="AcceptedAt">When the caller accepted it; null = not yet.</param>
internal sealed record TermsView(
    Guid Id,
    string By,
    int Number,
    string Title,
    string Text,
    bool Required,
    DateTimeOffset ValidFrom,
    bool Current,
    DateTimeOffset? AcceptedAt,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="AcceptedAt">Null = not yet.</param>
/// <param name="Ip">From where.</param>
internal sealed record AcceptanceView(
    Guid UserId, string Email, string Name, DateTimeOffset? AcceptedAt, string? Ip);

/// <param name="Current">Only the versions that are valid now.</param>
internal sealed record TermsQuery([property: FromQuery(Name = "current")] bool? Current);

/// <param name="Accepted">Only people who have, or who have not.</param>
internal sealed record AcceptanceQuery([property: FromQuery(Name = "accepted")] bool? Accepted);

using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Transactions;

/// <param name="Minutes">For how long it stays open unless it is committed before.</param>
internal sealed record BeginRequest(int Minutes = Limits.TransactionMinutes, string Comment = "") : IOptionalBody;

/// <param name="State">Only those: open, committed, rolledBack or expired.</param>
/// <param name="All">Also those of others; needs <c>tenant.manage</c>.</param>
internal sealed record TransactionQuery(
    [property: FromQuery(Name = "state")] string? State, [property: FromQuery(Name = "all")] bool? All);

/// <param name="State">open, committed, rolledBack or expired.</param>
/// <param name="HolderType">user or api_key.</param>
/// <param name="HolderId">Who began it, and alone writes and commits.</param>
/// <param name="Writes">How many are staged.</param>
internal sealed record TransactionItem(
    Guid Id, string State, string Comment, string HolderType, Guid HolderId, int Writes, DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt, DateTimeOffset? EndedAt);

/// <param name="Staged">In the order in which they are made.</param>
internal sealed record TransactionView(
    Guid Id, string State, string Comment, string HolderType, Guid HolderId, DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt, DateTimeOffset? EndedAt, IReadOnlyList<StagedWriteView> Staged);

/// <param name="Type">workspace, folder, job, workflow, rule or schedule.</param>
/// <param name="Id">Of what it changes, or makes.</param>
/// <param name="BaseVersion">The version that the object must still have at the commit; null where none is expected:
/// it is made here, was changed by an earlier write, or <c>If-Match: *</c> was sent.</param>
/// <param name="Body">As it was sent, for who sent it; gone once the transaction has ended.</param>
internal sealed record StagedWriteView(
    int Number, string Method, string Path, string Type, Guid Id, int? BaseVersion, string? IfMatch, RawJson? Body,
    DateTimeOffset StagedAt);

/// <param name="Writes">What each write answered.</param>
internal sealed record CommittedView(Guid Id, string State, DateTimeOffset EndedAt, IReadOnlyList<WriteResult> Writes);

/// <param name="Status">The HTTP status that the write alone would have got.</param>
/// <param name="Version">The object's new version.</param>
internal sealed record WriteResult(int Number, string Type, Guid Id, int Status, int? Version);

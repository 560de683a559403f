using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Jobs;

/// <summary>What a run does when an item of it does not complete.</summary>
internal enum OnFailure
{
    /// <summary>Nothing more starts.</summary>
    Stop,

    /// <summary>What does not wait for it still runs.</summary>
    Continue,
}

/// <param name="Input">The input of every workflow of the run; <c>{}</c> when left out.</param>
internal sealed record RunRequest(JsonElement? Input = null, OnFailure OnFailure = OnFailure.Stop) : IOptionalBody;

/// <summary>All dependencies of a job; what is not named goes.</summary>
internal sealed record DependenciesRequest(IReadOnlyList<DependencyBody> Dependencies);

/// <param name="DependsOn">Workflows of the same job that have to complete before this one starts.</param>
internal sealed record DependencyBody(Guid WorkflowId, IReadOnlyList<Guid> DependsOn);

internal sealed record DependenciesView(Guid JobId, IReadOnlyList<DependencyBody> Dependencies);

/// <param name="Jobs">Jobs in the order in which they run; one may come more than once.</param>
internal sealed record CreatePackageRequest(string Name, IReadOnlyList<Guid> Jobs, string Description = "");

/// <summary>What is left out stays as it is.</summary>
internal sealed record UpdatePackageRequest(string? Name = null, IReadOnlyList<Guid>? Jobs = null, string? Description = null);

internal sealed record PackageItem(Guid Id, string Name, string Description, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

internal sealed record PackageView(PackageItem Package, IReadOnlyList<Guid> Jobs);

internal sealed record JobRunQuery(
    [property: FromQuery(Name = "job")] Guid? Job,
    [property: FromQuery(Name = "package")] Guid? Package,
    [property: FromQuery(Name = "status")] string? Status);

/// <param name="Status">running, completed, failed or cancelled.</param>
/// <param name="Attempt">1, and one more for each time it was run again from what had failed.</param>
/// <param name="RowsProcessed">Sum over its executions; final once it has finished.</param>
/// <param name="Error">Why the platform could not carry it on; null when one of its items failed, whose error says
/// why.</param>
/// <param name="DurationSeconds">Up to now while it runs.</param>
internal sealed record RunItem(
    Guid Id,
    Guid? JobId,
    Guid? PackageId,
    Guid? ParentRunId,
    [property: OneOf(ClosedList.JobRunStatus)] string Status,
    string OnFailure,
    [property: OneOf(ClosedList.JobRunTrigger)] string TriggerType,
    int Attempt,
    long RowsProcessed,
    string? CreatedBy,
    RawJson? Error,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt,
    double DurationSeconds);

/// <param name="Trigger">What started it.</param>
internal sealed record RunView(RunItem Run, RawJson Trigger, RawJson Input, IReadOnlyList<RunItemView> Items, bool ItemsTruncated);

/// <param name="Status">pending, running, completed, failed, cancelled or skipped.</param>
/// <param name="ExecutionId">Of a workflow.</param>
/// <param name="RunId">Of a job in a package: its own run.</param>
internal sealed record RunItemView(
    int Position,
    Guid? WorkflowId,
    Guid? JobId,
    IReadOnlyList<Guid> DependsOn,
    [property: OneOf(ClosedList.JobItemStatus)] string Status,
    Guid? ExecutionId,
    Guid? RunId,
    RawJson? Error,
    long RowsProcessed,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt);

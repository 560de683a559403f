using Microsoft.AspNetCore.Mvc;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Trash;

/// <param name="Force">True: with all it holds.</param>
/// <param name="Cancel">True: executions that have not ended are cancelled.</param>
/// <param name="Reason">Why; kept with the object and shown in the trash.</param>
internal sealed record DeletionQuery(
    [property: FromQuery(Name = "force")] bool? Force,
    [property: FromQuery(Name = "cancel")] bool? Cancel,
    [property: FromQuery(Name = "reason")] string? Reason);

/// <summary>Objects of one kind: all counted, the first 100 by name.</summary>
internal sealed record NamedCount(int Count, IReadOnlyList<NamedObject> First);

internal sealed record NamedObject(Guid Id, string Name);

/// <param name="Count">Executions that have not ended, counted up to 1,001.</param>
/// <param name="Workflows">The workflows that they are of.</param>
/// <param name="JobRuns">Runs of jobs that have not ended.</param>
internal sealed record RunningView(int Count, IReadOnlyList<NamedObject> Workflows, IReadOnlyList<Guid> JobRuns);

/// <summary>What the deletion of an object would take along, stop, and leave pointing nowhere.</summary>
/// <param name="Schedules">They go along.</param>
/// <param name="Webhooks">Addresses that nobody listens at afterwards.</param>
/// <param name="Running">What has not ended: it is cancelled or the deletion is refused.</param>
/// <param name="UsedBy">What stays and names something in it; the first 100 of each kind.</param>
internal sealed record DeletionView(
    string Type, Guid Id, string Name, NamedCount Folders, NamedCount Jobs, NamedCount Workflows,
    NamedCount Schedules, IReadOnlyList<string> Webhooks, RunningView Running, IReadOnlyList<TreeUse> UsedBy);

/// <summary>What went along; the object itself is not counted.</summary>
internal sealed record DeletedView(
    Guid Id, string Status, int Folders, int Jobs, int Workflows, int Schedules, int Cancelled);

/// <param name="Type">workspace, folder, job or workflow; all when left out.</param>
internal sealed record TrashQuery([property: FromQuery(Name = "type")] string? Type);

/// <param name="ParentId">What held it; of a folder another folder or its workspace.</param>
/// <param name="DeletedBy">The user; null = an API key, which <c>deletedByName</c> names.</param>
/// <param name="Folders">How many went along, and come back with it.</param>
internal sealed record TrashView(
    string Type, Guid Id, string Name, Guid? ParentId, DateTimeOffset DeletedAt, Guid? DeletedBy,
    string? DeletedByName, string? ReasonToDelete, int Folders, int Jobs, int Workflows);

/// <param name="Name">Another name, where the old one is taken.</param>
/// <param name="ParentId">What is to hold it, where its parent is deleted: of a workflow a job, of a job a folder, of a
/// folder a folder or workspace.</param>
internal sealed record RestoreQuery(
    [property: FromQuery(Name = "name")] string? Name, [property: FromQuery(Name = "parentId")] Guid? ParentId);

/// <param name="Notices">What is not as it was before the deletion.</param>
internal sealed record RestoredView(
    string Type, Guid Id, string Name, int Folders, int Jobs, int Workflows, int Schedules,
    IReadOnlyList<RestoreNotice> Notices);

internal static class TreeKinds
{
    public static string Word(this TreeKind kind) => kind switch
    {
        TreeKind.Workspace => "workspace",
        TreeKind.Folder => "folder",
        TreeKind.Job => "job",
        TreeKind.Workflow => "workflow",
    };
}

using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http;

/// <summary>Kinds of objects that a transaction changes, in the order in which they are locked.</summary>
internal enum StagedKind
{
    Workspace,
    Folder,
    Job,
    Workflow,
    Rule,
    Schedule,
}

/// <summary>
/// Of a route: with <c>?transaction_id=</c> its requests are part of a transaction. Its handler does all it does to the
/// database by the <see cref="ApiRequest"/> it is given, takes new ids from <see cref="ApiRequest.NewId"/>, and
/// tells others by <see cref="ApiRequest.AfterCommit"/>: it is run many times, and all but the last are undone.
/// </summary>
/// <param name="Kind">What a write changes or makes; null = it only reads.</param>
/// <param name="Makes">The object is a new one, and its id in the answer.</param>
internal sealed record Staged(StagedKind? Kind, bool Makes)
{
    public const string Parameter = "transaction_id";
}

internal static class StagedRoutes
{
    /// <summary>Within a transaction it shows what the transaction has staged.</summary>
    public static TBuilder ReadsStaged<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Staged(null, Makes: false));

    /// <summary>Can be staged; the route's value <c>{kind}Id</c> says what it changes.</summary>
    public static TBuilder StagesChange<TBuilder>(this TBuilder builder, StagedKind kind)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Staged(kind, Makes: false));

    /// <summary>Can be staged; makes one object.</summary>
    public static TBuilder StagesNew<TBuilder>(this TBuilder builder, StagedKind kind)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Staged(kind, Makes: true));

    public static string Word(this StagedKind kind) => kind switch
    {
        StagedKind.Workspace => "workspace",
        StagedKind.Folder => "folder",
        StagedKind.Job => "job",
        StagedKind.Workflow => "workflow",
        StagedKind.Rule => "rule",
        StagedKind.Schedule => "schedule",
    };

    /// <summary>The object as it is at present, held against changes until the transaction of the database ends; null
    /// when it is not there.</summary>
    public static async Task<IVersionedRow?> LockAsync(
        this WorkflowsDbContext db, StagedKind kind, Guid id, CancellationToken token) => kind switch
        {
            StagedKind.Workspace => await db.LockWorkspaceAsync(id, token),
            StagedKind.Folder => await db.LockFolderAsync(id, token),
            StagedKind.Job => await db.LockJobAsync(id, token),
            StagedKind.Workflow => await db.LockWorkflowAsync(id, token),
            StagedKind.Rule => await db.LockRuleAsync(id, token),
            StagedKind.Schedule => await db.LockScheduleAsync(id, token),
        };
}

using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>The kinds of objects that form the hierarchy.</summary>
public enum TreeKind
{
    Workspace,
    Folder,
    Job,
    Workflow,
}

/// <summary>One object of a tree.</summary>
/// <param name="ParentId">What holds it: of a folder at the top of its workspace, the workspace.</param>
public sealed record TreeNode(TreeKind Kind, Guid Id, string Name, Guid? ParentId);

/// <summary>An object and all below it, each kind in the order of its ids.</summary>
public sealed record Tree(
    TreeNode Root, IReadOnlyList<TreeNode> Folders, IReadOnlyList<TreeNode> Jobs, IReadOnlyList<TreeNode> Workflows)
{
    /// <summary>The root as it is locked; null where the tree was only looked at.</summary>
    public IDeletableRow? Row { get; init; }

    public int Count => 1 + Folders.Count + Jobs.Count + Workflows.Count;

    /// <summary>The ids of all objects of a kind, the root's included.</summary>
    public Guid[] Ids(TreeKind kind) => [.. Of(kind).Select(node => node.Id)];

    /// <summary>All objects of a kind, the root included.</summary>
    public IEnumerable<TreeNode> Of(TreeKind kind)
    {
        var below = kind switch
        {
            TreeKind.Folder => Folders,
            TreeKind.Job => Jobs,
            TreeKind.Workflow => Workflows,
            _ => [],
        };
        return Root.Kind == kind ? below.Prepend(Root) : below;
    }
}

/// <summary>
/// What lies below an object of the hierarchy. With locks, inside <see cref="WorkflowsDbContext.TransactAsync"/>:
/// nothing comes into the tree or leaves it until the transaction ends, since whoever adds a child holds its parent.
/// Lock order: workspace, folders, jobs, workflows, each kind by id. A folder's place changes only under the lock of
/// its workspace, so that two moves cannot make a circle together.
/// </summary>
public static class Trees
{
    /// <summary>The tree of a living object; null when there is none of this id.</summary>
    public static async Task<Tree?> FindTreeAsync(
        this WorkflowsDbContext db, TreeKind kind, Guid id, bool locks, CancellationToken cancellationToken)
    {
        var row = locks ? await LockRootAsync(db, kind, id, cancellationToken) : null;
        var root = row is not null ? Node(row) : locks ? null : await FindRootAsync(db, kind, id, cancellationToken);
        if (root is null)
        {
            return null;
        }

        List<TreeNode> folders = kind switch
        {
            TreeKind.Workspace => await Nodes(FoldersOf(db, id, locks)).ToListAsync(cancellationToken),
            TreeKind.Folder => await Nodes(FoldersBelow(db, id, locks)).ToListAsync(cancellationToken),
            _ => [],
        };
        Guid[] holders = kind == TreeKind.Folder ? [id, .. folders.Select(node => node.Id)]
            : [.. folders.Select(node => node.Id)];
        List<TreeNode> jobs = holders.Length == 0 ? [] : await Nodes(JobsOf(db, holders, locks))
            .ToListAsync(cancellationToken);
        Guid[] owners = kind == TreeKind.Job ? [id] : [.. jobs.Select(node => node.Id)];
        List<TreeNode> workflows = owners.Length == 0 ? [] : await Nodes(WorkflowsOf(db, owners, locks))
            .ToListAsync(cancellationToken);
        return new Tree(root, folders, jobs, workflows) { Row = row };
    }

    /// <summary>The folders below a folder, without itself, locked for changes.</summary>
    public static Task<List<Folder>> LockFoldersBelowAsync(
        this WorkflowsDbContext db, Guid folderId, CancellationToken cancellationToken) =>
        FoldersBelow(db, folderId, locks: true).ToListAsync(cancellationToken);

    /// <summary>An object as part of a tree.</summary>
    public static TreeNode Node(IDeletableRow row) => row switch
    {
        Workspace => new(TreeKind.Workspace, row.Id, row.Name, null),
        Folder folder => new(TreeKind.Folder, row.Id, row.Name, folder.ParentId ?? folder.WorkspaceId),
        Job job => new(TreeKind.Job, row.Id, row.Name, job.FolderId),
        Workflow workflow => new(TreeKind.Workflow, row.Id, row.Name, workflow.JobId),
        _ => throw new InvalidOperationException($"{row.GetType().Name} is no object of the hierarchy."),
    };

    // Without the settings and schemas that the rows have.
    internal static IQueryable<TreeNode> Nodes(IQueryable<Folder> rows) =>
        rows.Select(row => new TreeNode(TreeKind.Folder, row.Id, row.Name, row.ParentId ?? row.WorkspaceId));

    internal static IQueryable<TreeNode> Nodes(IQueryable<Job> rows) =>
        rows.Select(row => new TreeNode(TreeKind.Job, row.Id, row.Name, row.FolderId));

    internal static IQueryable<TreeNode> Nodes(IQueryable<Workflow> rows) =>
        rows.Select(row => new TreeNode(TreeKind.Workflow, row.Id, row.Name, row.JobId));

    private static async Task<IDeletableRow?> LockRootAsync(
        WorkflowsDbContext db, TreeKind kind, Guid id, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case TreeKind.Workspace:
                return await db.LockWorkspaceAsync(id, cancellationToken);
            case TreeKind.Folder:
                var workspaceId = await db.Folders.Where(row => row.Id == id).Select(row => (Guid?)row.WorkspaceId)
                    .SingleOrDefaultAsync(cancellationToken);
                if (workspaceId is not { } of || await db.LockWorkspaceAsync(of, cancellationToken) is null)
                {
                    return null;
                }

                // One that moved to another workspace in between is looked for again by the caller's next try.
                var folder = await db.LockFolderAsync(id, cancellationToken);
                return folder?.WorkspaceId == of ? folder : null;
            case TreeKind.Job:
                return await db.LockJobAsync(id, cancellationToken);
            default:
                // Its job, too: dependencies on it are neither made nor brought back meanwhile.
                var jobId = await db.Workflows.Where(row => row.Id == id).Select(row => (Guid?)row.JobId)
                    .SingleOrDefaultAsync(cancellationToken);
                return jobId is { } holder && await db.HoldJobAsync(holder, cancellationToken) is not null
                    ? await db.LockWorkflowAsync(id, cancellationToken) : null;
        }
    }

    private static Task<TreeNode?> FindRootAsync(
        WorkflowsDbContext db, TreeKind kind, Guid id, CancellationToken cancellationToken) =>
        (kind switch
        {
            TreeKind.Workspace => db.Workspaces.Where(row => row.Id == id)
                .Select(row => new TreeNode(TreeKind.Workspace, row.Id, row.Name, null)),
            TreeKind.Folder => Nodes(db.Folders.Where(row => row.Id == id)),
            TreeKind.Job => Nodes(db.Jobs.Where(row => row.Id == id)),
            TreeKind.Workflow => Nodes(db.Workflows.Where(row => row.Id == id)),
        }).SingleOrDefaultAsync(cancellationToken);

    private static IQueryable<Folder> FoldersOf(WorkflowsDbContext db, Guid workspaceId, bool locks) => locks
        ? db.Folders.FromSql(
            $"""
            select * from folders where tenant_id = {db.TenantId} and workspace_id = {workspaceId}
              and deleted_at is null
            order by id for update
            """).IgnoreQueryFilters()
        : db.Folders.Where(row => row.WorkspaceId == workspaceId).OrderBy(row => row.Id);

    // Union rather than union all: a circle, if one ever came to be, would not make the look endless.
    private static IQueryable<Folder> FoldersBelow(WorkflowsDbContext db, Guid folderId, bool locks) => locks
        ? db.Folders.FromSql(
            $"""
            select * from folders where tenant_id = {db.TenantId} and deleted_at is null and id in (
              with recursive below as (
                select f.id from folders f
                where f.tenant_id = {db.TenantId} and f.parent_id = {folderId} and f.deleted_at is null
                union
                select f.id from folders f join below b on f.parent_id = b.id
                where f.tenant_id = {db.TenantId} and f.deleted_at is null
              )
              select id from below)
            order by id for update
            """).IgnoreQueryFilters()
        : db.Folders.FromSql(
            $"""
            select * from folders where tenant_id = {db.TenantId} and deleted_at is null and id in (
              with recursive below as (
                select f.id from folders f
                where f.tenant_id = {db.TenantId} and f.parent_id = {folderId} and f.deleted_at is null
                union
                select f.id from folders f join below b on f.parent_id = b.id
                where f.tenant_id = {db.TenantId} and f.deleted_at is null
              )
              select id from below)
            """).IgnoreQueryFilters().OrderBy(row => row.Id);

    private static IQueryable<Job> JobsOf(WorkflowsDbContext db, Guid[] folders, bool locks) => locks
        ? db.Jobs.FromSql(
            $"""
            select * from jobs where tenant_id = {db.TenantId} and folder_id = any ({folders}) and deleted_at is null
            order by id for update
            """).IgnoreQueryFilters()
        : db.Jobs.Where(row => folders.Contains(row.FolderId)).OrderBy(row => row.Id);

    private static IQueryable<Workflow> WorkflowsOf(WorkflowsDbContext db, Guid[] jobs, bool locks) => locks
        ? db.Workflows.FromSql(
            $"""
            select * from workflows where tenant_id = {db.TenantId} and job_id = any ({jobs}) and deleted_at is null
            order by id for update
            """).IgnoreQueryFilters()
        : db.Workflows.Where(row => jobs.Contains(row.JobId)).OrderBy(row => row.Id);
}

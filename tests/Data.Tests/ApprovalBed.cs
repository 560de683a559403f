using System.Text;
using Workflows.Data.Approvals;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>A tenant with people in it, and approvals opened as a worker's checkpoint opens them.</summary>
internal sealed class ApprovalBed : IAsyncDisposable
{
    private readonly WorkflowsDatabase _otherApi;

    private ApprovalBed(DataStack stack, TestTenant tenant, Guid worker)
    {
        (Stack, Tenant, Worker) = (stack, tenant, worker);
        _otherApi = new WorkflowsDatabase(stack.Options, DatabaseRole.Api);
        Decisions = [StoreOn(stack.Api), StoreOn(_otherApi)];
        Parts = new ApprovalParts(stack.Api, TimeProvider.System);
        Inbox = new ApprovalInbox(stack.Api);
        Tasks = new ApprovalTasks(stack.Worker, TimeProvider.System);
    }

    public DataStack Stack { get; }

    public TestTenant Tenant { get; }

    public Guid Worker { get; }

    /// <summary>Of two instances of the API.</summary>
    public DecisionStore[] Decisions { get; }

    public ApprovalParts Parts { get; }

    public ApprovalInbox Inbox { get; }

    public ApprovalTasks Tasks { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<ApprovalBed> CreateAsync(PostgresServer server)
    {
        var stack = await DataStack.CreateAsync(server);
        return new ApprovalBed(stack, await stack.AddTenantAsync(), await stack.AddWorkerAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _otherApi.DisposeAsync();
        await Stack.DisposeAsync();
    }

    public async Task<Guid> AddUserAsync(string name)
    {
        var id = Guid.CreateVersion7();
        await Stack.ExecuteAsync(
            "insert into users (tenant_id, id, email, username, name, created_at, updated_at) values ($1, $2, $3 || '@x.org', $3, $3, now(), now())", Tenant.Id, id, name);
        return id;
    }

    public async Task<Guid> AddGroupAsync(string name, params Guid[] members)
    {
        var id = Guid.CreateVersion7();
        await Stack.ExecuteAsync("insert into groups (tenant_id, id, name, created_at, updated_at) values ($1, $2, $3, now(), now())", Tenant.Id, id, name);
        await Stack.ExecuteAsync("insert into user_groups select $1, m, $2 from unnest($3::uuid[]) m", Tenant.Id, id, members);
        return id;
    }

    public async Task AddRoleAsync(string name, params Guid[] holders)
    {
        var id = Guid.CreateVersion7();
        await Stack.ExecuteAsync("insert into roles (tenant_id, id, name, permissions, created_at, updated_at) values ($1, $2, $3, '{}', now(), now())", Tenant.Id, id, name);
        await Stack.ExecuteAsync("insert into user_roles select $1, h, $2 from unnest($3::uuid[]) h", Tenant.Id, id, holders);
    }

    public Task SubstituteAsync(Guid user, Guid substitute, string from = "1 hour", string until = "1 hour") => Stack.ExecuteAsync(
        $"""
        insert into substitutions (tenant_id, id, user_id, substitute_id, starts_at, ends_at, created_at)
        values ($1, $2, $3, $4, now() - interval '{from}', now() + interval '{until}', now())
        """, Tenant.Id, Guid.CreateVersion7(), user, substitute);

    /// <summary>An execution parked on an approval.</summary>
    /// <param name="users">E-mail addresses without their domain, or ids.</param>
    public async Task<(Guid Request, ExecutionKey Execution)> OpenAsync(
        string users = "", string groups = "", string roles = "", string mode = "any", int count = 1, bool allowSelf = true, string? startedBy = null, string more = "",
        DateTimeOffset? expires = null)
    {
        var owned = await Stack.ClaimNewAsync(Tenant, Worker);
        if (startedBy is not null)
        {
            await Stack.ExecuteAsync("update executions set created_by = $3 where tenant_id = $1 and id = $2", owned.Key.TenantId, owned.Key.Id, startedBy);
        }

        await Stack.WriteAsync(Worker, checkpoint => Fill(checkpoint, owned, Request(users, groups, roles, mode, count, allowSelf, more), expires));
        return (await RequestOfAsync(owned.Key), owned.Key);
    }

    public static void Fill(Checkpoint checkpoint, ClaimedExecution owned, string request, DateTimeOffset? expires = null)
    {
        checkpoint.Opened.Add(new WaitRow
        {
            Key = owned.Key,
            NodeId = "ask",
            Attempt = 1,
            Kind = "approval",
            DueAt = expires,
            CreatedAt = TimeProvider.System.GetUtcNow(),
            Request = Encoding.UTF8.GetBytes(request),
        });
        if (expires is { } due)
        {
            checkpoint.Timers.Add(owned.Timer("ask", due));
        }

        checkpoint.Parked.Add(owned.Parked());
    }

    public static string Request(
        string users = "", string groups = "", string roles = "", string mode = "any", int count = 1, bool allowSelf = true, string more = "") =>
        $$"""
        {"title": "Pay?", "users": [{{Names(users, "@x.org")}}], "groups": [{{Names(groups)}}], "roles": [{{Names(roles)}}], "mode": "{{mode}}", "count": {{count}},
         "allowSelfApproval": {{(allowSelf ? "true" : "false")}}, "maxReminders": 2{{more}} }
        """;

    public Task<Guid> RequestOfAsync(ExecutionKey execution) =>
        Stack.ScalarAsync<Guid>("select id from approval_requests where tenant_id = $1 and execution_id = $2", execution.TenantId, execution.Id);

    public Task<DecisionOutcome> DecideAsync(Guid request, Guid user, bool approves = true, int instance = 0, string? comment = null, string? form = null) =>
        Decisions[instance].DecideAsync(
            new NewDecision(Tenant.Id, request, user, $"{user}@x.org", approves, comment, form is null ? null : Encoding.UTF8.GetBytes(form)),
            new Actor("user", user, "somebody"), Token);

    /// <summary>Decides, which must count, and gives the status of the request after it.</summary>
    public async Task<string> CountsAsync(Guid request, Guid user, bool approves = true) =>
        Assert.IsType<DecisionOutcome.Recorded>(await DecideAsync(request, user, approves)).Status;

    public Task<string> StatusOfAsync(Guid request) =>
        Stack.ScalarAsync<string>("select status from approval_requests where tenant_id = $1 and id = $2", Tenant.Id, request);

    public async Task<List<Guid>> OpenForAsync(Guid user) =>
        [.. (await Inbox.ListAsync(Tenant.Id, user, ApprovalListing.Open, null, 100, Token)).Select(item => item.Id)];

    private DecisionStore StoreOn(WorkflowsDatabase database) => new(database, Stack.Dispatch, Stack.Signals, TimeProvider.System);

    private static string Names(string names, string suffix = "") => string.Join(", ", names
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Select(name => $"\"{name}{(Guid.TryParse(name, out _) ? "" : suffix)}\""));
}

using System.Net;

namespace Workflows.Api.Tests.Host;

/// <summary>A user who is logged in.</summary>
public sealed record Person(Guid Id, string Email, string Token, ApiClient Client);

/// <summary>People, and what a worker would have put before them.</summary>
internal static class People
{
    private const string Password = "correct horse battery";

    public static async Task<Person> AddPersonAsync(this ApiHost host, params string[] roles)
    {
        using var owner = host.Owner();
        var email = $"{Guid.CreateVersion7():N}@example.com";
        var made = (await owner.PostAsync("users", new { email, name = "somebody", password = Password, roles })).Ok(HttpStatusCode.Created);
        var login = (await owner.PostAsync("auth/login", new { email, password = Password })).Ok();
        var token = login.Data.GetProperty("accessToken").GetString()!;
        return new Person(made.Id, email, token, host.Client(token));
    }

    /// <summary>Makes a role of these permissions and gives its name.</summary>
    public static async Task<string> AddRoleAsync(this ApiHost host, params string[] permissions)
    {
        using var owner = host.Owner();
        var name = Samples.Name("role");
        (await owner.PostAsync("roles", new { name, permissions })).Ok(HttpStatusCode.Created);
        return name;
    }

    /// <summary>An execution parked on an approval, as the worker's checkpoint leaves it.</summary>
    public static async Task<(Guid Request, Guid Execution)> OpenApprovalAsync(
        this ApiHost host, Guid[] users, string title = "Pay?", string mode = "any", string? form = null, Guid? excluded = null)
    {
        var (request, execution) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await host.ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, status, trigger_type, input, queued_at)
            values ($1, $2, $2, 1, 'waiting', 'manual', '{}', now())
            """, host.First.TenantId, execution);
        await host.ExecuteAsync(
            "insert into waits (tenant_id, execution_id, node_id, attempt, kind, created_at) values ($1, $2, 'ask', 1, 'approval', now())", host.First.TenantId, execution);
        await host.ExecuteAsync(
            """
            insert into approval_requests
              (tenant_id, id, execution_id, workflow_id, node_id, iteration, attempt, title, mode, required, excluded_user_id, unknown_assignees, form, created_at)
            values ($1, $2, $3, $3, 'ask', '', 1, $4, $5, 1, nullif($6, $1), '{}', nullif($7, '')::jsonb, now())
            """, host.First.TenantId, request, execution, title, mode, excluded ?? host.First.TenantId, form ?? "");
        await host.ExecuteAsync(
            "insert into approval_assignees (tenant_id, request_id, kind, principal_id, created_at) select $1, $2, 'user', u, now() from unnest($3::uuid[]) u",
            host.First.TenantId, request, users);
        return (request, execution);
    }

    public static async Task<Guid> AddNotificationAsync(this ApiHost host, Guid user, string title)
    {
        var id = Guid.CreateVersion7();
        await host.ExecuteAsync(
            "insert into notifications (tenant_id, user_id, id, source, kind, title, created_at) values ($1, $2, $3, $3::text, 'workflow', $4, now())",
            host.First.TenantId, user, id, title);
        return id;
    }
}

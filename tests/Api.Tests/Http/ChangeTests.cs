using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Workflows.Api.Tests.Host;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tests.Http;

/// <summary>What a change of the control plane promises beneath the endpoints.</summary>
public sealed class ChangeTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_change_whose_connection_breaks_is_made_once()
    {
        await using var scope = api.Host.Services.CreateAsyncScope();
        var db = Context(scope, api.Host.First.TenantId);
        var attempts = 0;

        await db.TransactAsync(
            async token =>
            {
                if (++attempts == 1)
                {
                    var backend = await db.Database.SqlQuery<int>($"select pg_backend_pid() as \"Value\"").SingleAsync(token);
                    await api.Host.ScalarAsync<bool>("select pg_terminate_backend($1)", backend);
                }

                db.Workspaces.Add(NewWorkspace("broken connection"));
                return true;
            },
            _ => true,
            TestContext.Current.CancellationToken);

        Assert.Equal(2, attempts);
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from workspaces where name = 'broken connection'"));
    }

    [Fact]
    public async Task A_change_that_is_refused_leaves_nothing()
    {
        await using var scope = api.Host.Services.CreateAsyncScope();
        var db = Context(scope, api.Host.First.TenantId);

        await db.TransactAsync(
            async token =>
            {
                db.Workspaces.Add(NewWorkspace("refused"));
                await db.SaveChangesAsync(token);
                return false;
            },
            kept => kept,
            TestContext.Current.CancellationToken);

        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from workspaces where name = 'refused'"));
    }

    [Fact]
    public async Task Of_the_parts_of_a_change_those_stay_that_are_kept_and_only_when_the_change_is()
    {
        await using var scope = api.Host.Services.CreateAsyncScope();
        var db = Context(scope, api.Host.First.TenantId);

        foreach (var isKept in new[] { false, true })
        {
            await db.TransactAsync(
                async token =>
                {
                    Assert.True(await PartAsync("part kept", keeps: true, token));
                    Assert.False(await PartAsync("part dropped", keeps: false, token));
                    await db.AsPartAsync(
                        part => PartAsync("part kept of one dropped", keeps: true, part), _ => false, token);
                    Assert.False(await db.AsPartAsync(FailsAsync, kept => kept, token));
                    return await PartAsync("part last", keeps: true, token);
                },
                _ => isKept,
                TestContext.Current.CancellationToken);
        }

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => db.AsPartAsync(_ => Task.FromResult(true), kept => kept, TestContext.Current.CancellationToken));
        Assert.Equal("part kept,part last", await api.Host.ScalarAsync<string>(
            "select string_agg(name, ',' order by name) from workspaces where name like 'part%'"));

        async Task<bool> FailsAsync(CancellationToken token)
        {
            var error = await Assert.ThrowsAsync<PostgresException>(
                () => db.Database.ExecuteSqlAsync($"select 1 / 0", token));
            Assert.Equal("22012", error.SqlState);
            return false;
        }

        Task<bool> PartAsync(string name, bool keeps, CancellationToken token) => db.AsPartAsync(
            part => db.TransactAsync(
                _ =>
                {
                    db.Workspaces.Add(NewWorkspace(name));
                    return Task.FromResult(keeps);
                },
                _ => true,
                part),
            kept => kept,
            token);
    }

    [Fact]
    public async Task Nothing_is_saved_outside_a_change()
    {
        await using var scope = api.Host.Services.CreateAsyncScope();
        var db = Context(scope, api.Host.First.TenantId);
        db.Workspaces.Add(NewWorkspace("outside"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => db.SaveChangesAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Without_a_tenant_nothing_is_seen_and_nothing_changed_and_the_next_user_of_the_connection_sees_its_own()
    {
        await using var mine = api.Host.Services.CreateAsyncScope();
        await using var nobodys = api.Host.Services.CreateAsyncScope();
        Assert.True(await Context(mine, api.Host.First.TenantId).Workspaces.AnyAsync(TestContext.Current.CancellationToken));

        var db = Context(nobodys, null);

        Assert.Empty(await db.Workspaces.IgnoreQueryFilters().ToListAsync(TestContext.Current.CancellationToken));
        Assert.Empty(await db.Tenants.IgnoreQueryFilters().ToListAsync(TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<InvalidOperationException>(() => db.TransactAsync(_ => Task.FromResult(true), _ => true, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_context_of_one_tenant_sees_no_row_of_another_even_when_the_query_forgets_to_ask()
    {
        var other = await api.Host.CreateTenantAsync("forgetful");
        await using var scope = api.Host.Services.CreateAsyncScope();
        var db = Context(scope, other.TenantId);

        var seen = await db.Users.IgnoreQueryFilters().Select(user => user.TenantId).Distinct().ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal([other.TenantId], seen);
    }

    private static WorkflowsDbContext Context(AsyncServiceScope scope, Guid? tenantId)
    {
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        db.TenantId = tenantId;
        return db;
    }

    private Workspace NewWorkspace(string name) => new()
    {
        TenantId = api.Host.First.TenantId,
        Id = Guid.CreateVersion7(),
        Name = name,
        CreatedAt = TimeProvider.System.GetUtcNow(),
        UpdatedAt = TimeProvider.System.GetUtcNow(),
    };
}

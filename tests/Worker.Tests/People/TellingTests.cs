using Npgsql;
using Workflows.Testing;

namespace Workflows.Worker.Tests.People;

/// <summary>Ends of executions, told by worker processes that are killed.</summary>
public sealed class TellingTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private WorkerBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bed = await WorkerBed.CreateAsync(postgres, redis: null);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    // The worker has committed the end and hangs in telling of it, at the lock, when it is killed.
    [Fact]
    public async Task An_end_whose_worker_is_killed_before_it_told_is_told_once_by_the_next()
    {
        var ann = await _bed.AddUserAsync("ann");
        var workflow = await _bed.PublishAsync("""{"id": "only", "type": "noop"}""");
        await _bed.ExecuteAsync(
            """
            insert into roles (tenant_id, id, name, permissions, built_in, created_at, updated_at)
            values ($1, $2, 'viewer', '{}', true, now(), now())
            """, _bed.TenantId, ann);
        await _bed.ExecuteAsync(
            "insert into user_roles (tenant_id, user_id, role_id) values ($1, $2, $2)", _bed.TenantId, ann);
        await _bed.ExecuteAsync(
            """
            insert into subscriptions (tenant_id, id, user_id, object_type, object_id, events, channels, created_at,
              updated_at)
            values ($1, $2, $2, 'workflow', $3, '{success}', '{in_app,email}', now(), now())
            """, _bed.TenantId, ann, workflow);
        await using (var holder = new NpgsqlConnection(_bed.ConnectionString))
        {
            await holder.OpenAsync(Token);
            await using var transaction = await holder.BeginTransactionAsync(Token);
            await using var hold = new NpgsqlCommand("lock table deliveries in exclusive mode", holder, transaction);
            await hold.ExecuteNonQueryAsync(Token);
            var first = await _bed.StartWorkerAsync();
            var execution = await _bed.StartAsync(workflow);
            await _bed.UntilAsync(execution, "completed", Soon);
            await Eventually.TrueAsync(
                () => _bed.ScalarAsync<bool>(
                    """
                    select exists (select from pg_stat_activity
                      where query like 'select tell_listeners%' and wait_event_type = 'Lock'
                        and datname = current_database())
                    """), Soon, Token);
            await first.KillAsync();
            await _bed.ExecuteAsync(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where query like 'select tell_listeners%' and datname = current_database()
                """);
        }

        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from notifications"));
        await _bed.StartWorkerAsync();

        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>("select count(*) = 1 from mails where recipient = 'ann@x.org'"), Soon, Token);
        Assert.Equal(
            ["Workflow '" + workflow + "' completed successfully"],
            await _bed.ListAsync("select title from notifications"));
        Assert.Equal(2, await _bed.ScalarAsync<long>("select count(*) from deliveries where status = 'sent'"));
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from notification_outbox"));
        Assert.Contains(
            "https://flows.example/executions/", await _bed.ScalarAsync<string>("select text from mails"),
            StringComparison.Ordinal);
    }
}

using System.Text;
using Npgsql;
using Workflows.Data.Notifications;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>Who is told of the end of executions, and that nobody is told twice or of what is not theirs.</summary>
public sealed class TellingTests(PostgresServer server) : IAsyncLifetime
{
    private const string Base = "https://flows.example";

    private const string Viewer = "array['viewer']";

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private TellingRounds _rounds = null!;
    private Guid _worker;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
        _rounds = new TellingRounds(_stack.Worker);
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    // Beside a tenant in which people listen, and beside those who listen to something else of its own.
    [Fact]
    public async Task An_end_that_nobody_listens_to_leaves_nothing()
    {
        var ann = await AddUserAsync("ann");
        var other = await _stack.AddTenantAsync();
        await SubscribeAsync(ann, "workflow", other.WorkflowId);
        await SubscribeAsync(ann, "folder", Guid.CreateVersion7());
        await SubscribeAsync(ann, "workspace", await PlaceAsync(), events: "{approval}");

        await EndAsync("completed");
        await EndAsync("failed");
        await EndAsync("cancelled");

        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from notification_outbox"));
        Assert.Equal(0, await _rounds.TellAsync(10, Token));
    }

    [Fact]
    public async Task The_settings_of_a_workflow_tell_its_owner_and_mail_to_its_addresses()
    {
        var ann = await AddUserAsync("ann");
        await _stack.ExecuteAsync(
            """
            update workflows set owner_id = $2,
              notifications = '{"onFailure": true, "onSuccess": false, "emails": ["a@x.org", "b@x.org", "a@x.org"]}'
            where id = $1
            """, _tenant.WorkflowId, ann);

        await EndAsync("completed");
        await EndAsync("failed", """{"code": "HTTP_500", "message": "It\nbroke", "node": "pay"}""");
        await RoundAsync();

        Assert.Equal(
            ["ann workflow_failed error Workflow 'Workflow' failed: Failed at node 'pay': HTTP_500 It broke"],
            await InboxAsync());
        Assert.Equal(["a@x.org", "b@x.org"], await _stack.ListAsync("select recipient from mails order by 1"));
        Assert.Equal(
            "Failed at node 'pay': HTTP_500 It broke\nhttps://flows.example/executions/",
            (await _stack.ScalarAsync<string>("select min(text) from mails"))[..^36]);

        await _stack.ExecuteAsync("update workflows set notifications = '{}'");
        await EndAsync("failed");
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from notification_outbox"));
    }

    [Theory]
    [InlineData("workflow")]
    [InlineData("job")]
    [InlineData("folder")]
    [InlineData("workspace")]
    public async Task A_subscription_tells_of_everything_below_its_object(string type)
    {
        var ann = await AddUserAsync("ann");
        await SubscribeAsync(ann, type, type == "workflow" ? _tenant.WorkflowId : await PlaceAsync());

        await EndAsync("completed");
        await EndAsync("timed_out");
        await RoundAsync();

        Assert.Equal(
            ["Workflow 'Workflow' completed successfully", "Workflow 'Workflow' failed"],
            await _stack.ListAsync("select title from notifications order by 1"));
        Assert.Equal(2, await _stack.ScalarAsync<long>("select count(*) from mails where recipient = 'ann@x.org'"));
        Assert.Equal(
            ["email sent", "email sent", "in_app sent", "in_app sent"],
            await _stack.ListAsync("select channel || ' ' || status from deliveries order by 1"));
    }

    [Fact]
    public async Task A_sub_workflow_tells_who_listens_to_itself_and_not_who_listens_to_what_it_lies_in()
    {
        var ann = await AddUserAsync("ann");
        var bob = await AddUserAsync("bob");
        await SubscribeAsync(ann, "workspace", await PlaceAsync());
        await EndAsync("failed", isChild: true);
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from notification_outbox"));

        await SubscribeAsync(bob, "workflow", _tenant.WorkflowId);
        await EndAsync("failed", isChild: true);
        await RoundAsync();

        Assert.Equal(["bob"], await _stack.ListAsync(
            "select u.name from notifications n join users u on u.id = n.user_id"));
    }

    // As if a process had died with its round half done, and with eight at work then.
    [Fact]
    public async Task What_a_dead_worker_had_not_committed_is_told_once_by_another()
    {
        var ann = await AddUserAsync("ann");
        await SubscribeAsync(ann, "workflow", _tenant.WorkflowId);
        for (var count = 0; count < 20; count++)
        {
            await EndAsync("failed", again: true);
        }

        await using (var dying = await _stack.Worker.Source.OpenConnectionAsync(Token))
        {
            await using var transaction = await dying.BeginTransactionAsync(Token);
            await using var tell = new NpgsqlCommand(
                "select tell_listeners(50), mail_deliveries(50, '')", dying, transaction);
            await tell.ExecuteNonQueryAsync(Token);
            await transaction.RollbackAsync(Token);
        }

        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from notifications"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (await _rounds.TellAsync(3, Token) > 0)
            {
                await _rounds.MailAsync(3, Base, Token);
            }
        }));
        while (await _rounds.MailAsync(50, Base, Token) > 0)
        {
        }

        Assert.Equal(20, await _stack.ScalarAsync<long>("select count(*) from notifications"));
        Assert.Equal(20, await _stack.ScalarAsync<long>("select count(*) from mails"));
        Assert.Equal(40, await _stack.ScalarAsync<long>("select count(*) from deliveries where status = 'sent'"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from notification_outbox"));
    }

    [Fact]
    public async Task One_row_that_cannot_be_told_of_holds_up_no_other_and_says_why()
    {
        var ann = await AddUserAsync("ann");
        await SubscribeAsync(ann, "workflow", _tenant.WorkflowId);
        await EndAsync("failed");
        await _stack.ExecuteAsync(
            "alter table notifications add constraint only_success check (title not like '%failed%') not valid");
        await EndAsync("completed");

        await RoundAsync();

        Assert.Single(await InboxAsync());
        Assert.Contains(
            "only_success", await _stack.ScalarAsync<string>("select error from notification_outbox"),
            StringComparison.Ordinal);
        await _stack.ExecuteAsync("alter table notifications drop constraint only_success");
        await _stack.ExecuteAsync("update notification_outbox set due_at = now()");
        await RoundAsync();
        Assert.Equal(2, (await InboxAsync()).Count);
    }

    [Theory]
    [InlineData("2026-06-01 20:30:00+00", "22:00", "07:00", "Europe/Berlin", "2026-06-02 05:00:00+00")]
    [InlineData("2026-06-02 03:00:00+00", "22:00", "07:00", "Europe/Berlin", "2026-06-02 05:00:00+00")]
    [InlineData("2026-06-02 05:00:00+00", "22:00", "07:00", "Europe/Berlin", "2026-06-02 05:00:00+00")]
    [InlineData("2026-06-02 10:00:00+00", "12:00", "14:00", "Europe/Berlin", "2026-06-02 12:00:00+00")]
    [InlineData("2026-06-02 09:59:00+00", "12:00", "14:00", "Europe/Berlin", "2026-06-02 09:59:00+00")]
    // The night in which clocks go forward has seven hours and not eight, the one in which they go back nine.
    [InlineData("2026-03-28 22:30:00+00", "23:00", "07:00", "Europe/Berlin", "2026-03-29 05:00:00+00")]
    [InlineData("2026-10-24 21:30:00+00", "23:00", "07:00", "Europe/Berlin", "2026-10-25 06:00:00+00")]
    // An end that is left out, and one that comes twice.
    [InlineData("2026-03-29 00:15:00+00", "23:00", "02:30", "Europe/Berlin", "2026-03-29 01:30:00+00")]
    [InlineData("2026-10-25 00:15:00+00", "23:00", "02:30", "Europe/Berlin", "2026-10-25 01:30:00+00")]
    public async Task Quiet_hours_end_by_the_clocks_of_their_zone(
        string at, string from, string to, string zone, string expected) =>
        Assert.True(await _stack.ScalarAsync<bool>(
            "select after_quiet($1::timestamptz, $2::time, $3::time, $4) = $5::timestamptz", at, from, to, zone,
            expected));

    [Fact]
    public async Task A_digest_is_one_mail_of_what_is_still_wanted_while_the_inbox_has_it_at_once()
    {
        var ann = await AddUserAsync("ann");
        var bob = await AddUserAsync("bob");
        await SubscribeAsync(ann, "workflow", _tenant.WorkflowId);
        await SubscribeAsync(bob, "workflow", _tenant.WorkflowId);
        await _stack.ExecuteAsync(
            """
            insert into notification_settings (tenant_id, user_id, digest, updated_at) values ($1, $2, 'hourly', now())
            """, _tenant.Id, ann);
        await EndAsync("completed");
        await EndAsync("failed");
        await EndAsync("failed");
        await RoundAsync();

        Assert.Equal(6, (await InboxAsync()).Count);
        Assert.Equal(["bob@x.org", "bob@x.org", "bob@x.org"], await _stack.ListAsync("select recipient from mails"));
        Assert.True(await _stack.ScalarAsync<bool>(
            """
            select bool_and(due_at = date_trunc('hour', created_at) + interval '1 hour') from deliveries
            where status = 'waiting'
            """));

        // Its hour comes, and of successes ann does not want to hear any more.
        await _stack.ExecuteAsync("update subscriptions set events = '{failure}' where user_id = $1", ann);
        await _stack.ExecuteAsync("update deliveries set due_at = now() where status = 'waiting'");
        await RoundAsync();

        Assert.Equal(["2 notifications"], await _stack.ListAsync(
            "select subject from mails where recipient = 'ann@x.org'"));
        Assert.Equal(["dropped 1", "sent 2"], await _stack.ListAsync(
            """
            select status || ' ' || count(*) from deliveries where user_id = $1 and channel = 'email'
            group by status order by 1
            """, ann));
    }

    [Fact]
    public async Task Who_may_not_see_the_workflow_is_not_told_and_who_may_not_any_more_gets_no_mail()
    {
        var member = await AddUserAsync("member", "array['member']");
        var nobody = await AddUserAsync("nobody", "array[]::text[]");
        var away = await AddUserAsync("away");
        foreach (var person in new[] { member, nobody, away })
        {
            await SubscribeAsync(person, "workspace", await PlaceAsync());
        }

        await _stack.ExecuteAsync("update users set active = false where id = $1", away);
        await EndAsync("failed");
        await RoundAsync();
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from deliveries"));

        await _stack.ExecuteAsync(
            """
            insert into object_permissions (tenant_id, id, object_type, object_id, user_id, level, granted_at)
            values ($1, $2, 'workflow', $3, $2, 'view', now())
            """, _tenant.Id, member, _tenant.WorkflowId);
        await EndAsync("failed");
        await _rounds.TellAsync(10, Token);
        Assert.Single(await InboxAsync());

        await _stack.ExecuteAsync("delete from object_permissions");
        await _rounds.MailAsync(10, Base, Token);
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from mails"));
        Assert.Equal(["dropped"], await _stack.ListAsync("select status from deliveries where channel = 'email'"));
    }

    [Fact]
    public async Task Nobody_of_another_tenant_is_told_and_a_suspended_tenant_waits()
    {
        var other = await _stack.AddTenantAsync();
        var eve = await AddUserAsync("eve", tenant: other);
        await SubscribeAsync(eve, "workflow", _tenant.WorkflowId, tenant: other);
        await SubscribeAsync(eve, "workspace", await PlaceAsync(), tenant: other);
        var ann = await AddUserAsync("ann");
        await SubscribeAsync(ann, "workflow", _tenant.WorkflowId);
        await EndAsync("failed");
        await _stack.ExecuteAsync("update tenants set status = 'suspended' where tenant_id = $1", _tenant.Id);

        await RoundAsync();
        Assert.Empty(await InboxAsync());
        await _stack.ExecuteAsync("update tenants set status = 'active'");
        await RoundAsync();

        Assert.StartsWith("ann ", Assert.Single(await InboxAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliveries_go_when_their_time_is_over()
    {
        var ann = await AddUserAsync("ann");
        await SubscribeAsync(ann, "workflow", _tenant.WorkflowId);
        await EndAsync("failed");
        await RoundAsync();
        await _stack.ExecuteAsync(
            "update deliveries set created_at = now() - interval '31 days' where channel = 'in_app'");

        Assert.Equal(1, await _rounds.ExpireAsync(10, Token));

        Assert.Equal(["email"], await _stack.ListAsync("select channel from deliveries"));
    }

    private async Task RoundAsync()
    {
        await _rounds.TellAsync(50, Token);
        await _rounds.MailAsync(50, Base, Token);
    }

    private Task<List<string>> InboxAsync() => _stack.ListAsync(
        """
        select concat_ws(' ', u.name, n.kind, n.level, n.title) || ': ' || n.body
        from notifications n join users u on u.id = n.user_id order by n.id
        """);

    // The workspace, the folder and the job of the test's tenant share one id.
    private Task<Guid> PlaceAsync() =>
        _stack.ScalarAsync<Guid>("select id from workspaces where tenant_id = $1", _tenant.Id);

    /// <param name="roles">An array of the names of built-in roles; member is of granted reach.</param>
    private async Task<Guid> AddUserAsync(string name, string roles = Viewer, TestTenant? tenant = null)
    {
        var id = Guid.CreateVersion7();
        var of = (tenant ?? _tenant).Id;
        await _stack.ExecuteAsync(
            """
            insert into users (tenant_id, id, email, username, name, created_at, updated_at)
            values ($1, $2, $3 || '@x.org', $3, $3, now(), now())
            """, of, id, name);
        await _stack.ExecuteAsync(
            $"""
            insert into roles (tenant_id, id, name, permissions, built_in, only_granted, created_at, updated_at)
            select $1, new_uuid_v7(), r, array[]::text[], true, r = 'member', now(), now() from unnest({roles}) r
            on conflict do nothing
            """, of);
        await _stack.ExecuteAsync(
            $"""
            insert into user_roles (tenant_id, user_id, role_id)
            select $1, $2, id from roles where tenant_id = $1 and name = any ({roles})
            """, of, id);
        return id;
    }

    private Task<int> SubscribeAsync(
        Guid user, string type, Guid id, string events = "{failure,success}", TestTenant? tenant = null) =>
        _stack.ExecuteAsync(
            $"""
            insert into subscriptions (tenant_id, id, user_id, object_type, object_id, events, channels, created_at,
              updated_at)
            values ($1, $2, $3, $4, $5, '{events}', array['in_app', 'email'], now(), now())
            """, (tenant ?? _tenant).Id, Guid.CreateVersion7(), user, type, id);

    private async Task EndAsync(string status, string? error = null, bool isChild = false, bool again = false)
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        if (isChild)
        {
            await _stack.ExecuteAsync(
                "update executions set trigger_type = 'sub_workflow' where id = $1", owned.Key.Id);
        }

        var finished = owned.Finished(status) with { Error = error is null ? null : Encoding.UTF8.GetBytes(error) };
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished));
        if (again)
        {
            await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished));
        }
    }
}

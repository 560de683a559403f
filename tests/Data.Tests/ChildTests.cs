using System.Text;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>What the checkpoint does for parents and children.</summary>
public sealed class ChildTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _worker;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    // The connection broke before the answer: the worker sends the same checkpoint again.
    [Fact]
    public async Task A_checkpoint_that_is_sent_again_starts_its_child_once()
    {
        var parent = await _stack.ClaimNewAsync(_tenant, _worker);
        var (wait, child) = Call(parent, _tenant.WorkflowId);
        void Fill(Checkpoint checkpoint)
        {
            checkpoint.Opened.Add(wait);
            checkpoint.Children.Add(child);
            checkpoint.Parked.Add(parent.Parked());
        }

        var first = await _stack.WriteAsync(_worker, Fill);
        var second = await _stack.WriteAsync(_worker, Fill);

        Assert.Equal((child.Id, "queued"), (Assert.Single(first.Woken).Key.Id, first.Woken[0].Status));
        Assert.Empty(second.Woken);
        Assert.Equal([$"{parent.Key.Id} n 1 1 {{\"a\": 1}}"], await _stack.ListAsync(
            "select concat_ws(' ', parent_execution_id, parent_node_id, parent_attempt, trigger ->> 'depth', input) from executions where trigger_type = 'sub_workflow'"));
        Assert.Equal("waiting", await _stack.StatusOfAsync(parent.Key));
    }

    [Fact]
    public async Task More_descendants_than_allowed_are_refused_and_a_checkpoint_sent_again_counts_once()
    {
        var root = Guid.CreateVersion7();
        var refusals = new List<string>();
        for (var started = 0; started < 4; started++)
        {
            var parent = await _stack.ClaimNewAsync(_tenant, _worker);
            var (wait, child) = Call(parent, _tenant.WorkflowId);
            void Fill(Checkpoint checkpoint)
            {
                checkpoint.Opened.Add(wait);
                checkpoint.Children.Add(child with { RootId = root, MaxDescendants = 3 });
            }

            await _stack.WriteAsync(_worker, Fill);
            await _stack.WriteAsync(_worker, Fill);
            refusals.AddRange(await _stack.ListAsync(
                "select coalesce(payload #>> '{error,code}', 'none') from waits where execution_id = $1",
                parent.Key.Id));
        }

        Assert.Equal(["none", "none", "none", "SUBWORKFLOW_TOO_MANY"], refusals);
        Assert.Equal(
            3, await _stack.ScalarAsync<long>("select count(*) from executions where trigger_type = 'sub_workflow'"));
    }

    [Fact]
    public async Task A_fenced_worker_starts_no_child()
    {
        var parent = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.ExecuteAsync("update executions set lease_owner = $1", await _stack.AddWorkerAsync());
        var (wait, child) = Call(parent, _tenant.WorkflowId);

        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(wait);
            checkpoint.Children.Add(child);
        });

        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions where trigger_type = 'sub_workflow'"));
    }

    [Theory]
    [InlineData("waiting", "queued", false)]
    [InlineData("running", "running", true)]
    [InlineData("paused", "paused", false)]
    [InlineData("queued", "queued", false)]
    public async Task The_end_of_a_child_wakes_its_parent_wherever_that_is(string before, string after, bool isOwned)
    {
        var (parent, child) = await StartedAsync();
        await _stack.ExecuteAsync("update executions set status = $2, lease_owner = case when $2 = 'running' then $3::uuid end where id = $1", parent.Key.Id, before, _worker);

        var result = await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(child.Finished() with { IsChild = true, Output = "{\"n\": 7}"u8.ToArray() }));

        var woken = Assert.Single(result.Woken);
        Assert.Equal((parent.Key, after, isOwned), (woken.Key, woken.Status, woken.Owner == _worker));
        Assert.Equal(["resolved answered completed 7 " + child.Key.Id], await _stack.ListAsync(
            "select concat_ws(' ', status, outcome, payload ->> 'status', payload #>> '{output,n}', payload ->> 'executionId') from waits"));
        Assert.Equal(1, await _stack.ScalarAsync<int>("select wakes from executions where id = $1", parent.Key.Id));
    }

    [Fact]
    public async Task An_end_that_is_written_twice_wakes_the_parent_once()
    {
        var (parent, child) = await StartedAsync();
        var finished = child.Finished("failed") with { IsChild = true, Output = null, Error = "{\"code\": \"E\"}"u8.ToArray() };

        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished));
        Assert.Empty((await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished))).Woken);

        Assert.Equal(1, await _stack.ScalarAsync<int>("select wakes from executions where id = $1", parent.Key.Id));
        Assert.Equal(["failed E"], await _stack.ListAsync("select concat_ws(' ', payload ->> 'status', payload #>> '{error,code}') from waits"));
    }

    [Fact]
    public async Task A_parent_that_parks_in_the_same_moment_goes_back_to_the_queue()
    {
        var (parent, child) = await StartedAsync(park: false);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(child.Finished() with { IsChild = true }));

        var parked = await _stack.WriteAsync(_worker, checkpoint => checkpoint.Parked.Add(parent.Parked()));

        Assert.Equal(parent.Key, Assert.Single(parked.Requeued).Key);
    }

    [Fact]
    public async Task A_name_means_the_workflow_of_the_same_job_and_else_must_be_the_only_one()
    {
        await AddNamedAsync("Check", ownJob: false);
        await AddNamedAsync("Check", ownJob: false);
        Assert.Equal("WORKFLOW_AMBIGUOUS", await RefusalAsync("check"));

        var own = await AddNamedAsync("Check", ownJob: true);
        Assert.Equal("", await RefusalAsync("CHECK"));
        Assert.Equal([own.ToString()], await _stack.ListAsync("select workflow_id::text from executions where trigger_type = 'sub_workflow'"));
        Assert.Equal("WORKFLOW_NOT_FOUND", await RefusalAsync("Checks"));
    }

    [Fact]
    public async Task A_workflow_of_another_tenant_is_not_found()
    {
        var other = await _stack.AddTenantAsync();
        var parent = await _stack.ClaimNewAsync(_tenant, _worker);
        var (wait, child) = Call(parent, other.WorkflowId);

        var result = await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(wait);
            checkpoint.Children.Add(child);
            checkpoint.Parked.Add(parent.Parked());
        });

        Assert.Equal(parent.Key, Assert.Single(result.Requeued).Key); // not asleep: the refusal waits to be read
        Assert.Equal(["WORKFLOW_NOT_FOUND"], await _stack.ListAsync("select payload #>> '{error,code}' from waits"));
    }

    [Fact]
    public async Task Giving_up_a_wait_asks_its_child_to_stop_and_leaves_fired_ones_alone()
    {
        var (parent, child) = await StartedAsync();
        await _stack.ExecuteAsync("update executions set status = 'waiting', lease_owner = null where id = $1", child.Key.Id);

        var result = await _stack.WriteAsync(_worker, checkpoint => checkpoint.AbandonedChildren.Add(parent.WaitKey("n")));
        Assert.Equal((child.Key, "queued"), (Assert.Single(result.Woken).Key, result.Woken[0].Status));
        Assert.Equal(["cancel"], await _stack.ListAsync("select stop_request from executions where id = $1", child.Key.Id));

        await _stack.ExecuteAsync("update executions set stop_request = null, trigger = trigger || '{\"mode\": \"fire\"}' where id = $1", child.Key.Id);
        Assert.Empty((await _stack.WriteAsync(_worker, checkpoint => checkpoint.AbandonedChildren.Add(new WaitKey(parent.Key, "", "", 0)))).Woken);
    }

    [Fact]
    public async Task Processed_rows_are_kept_with_the_step_and_the_execution()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);

        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Steps.Add(owned.Step("a") with { RowsProcessed = 41 });
            checkpoint.Steps.Add(owned.Step("b", sequence: 2));
            checkpoint.Finished.Add(owned.Finished() with { RowsProcessed = 41 });
        });

        Assert.Equal(["41", ""], await _stack.ListAsync("select coalesce(rows_processed::text, '') from step_executions order by sequence"));
        Assert.Equal(41, await _stack.ScalarAsync<long>("select rows_processed from executions"));
        var (steps, _) = await _stack.History.LoadAsync([owned.Key], TestContext.Current.CancellationToken);
        Assert.Equal([41, null], steps[owned.Key].Select(step => step.RowsProcessed));
    }

    private static (WaitRow Wait, ChildStart Child) Call(ClaimedExecution parent, Guid? workflowId, string name = "") => (
        new WaitRow { Key = parent.Key, NodeId = "n", Attempt = 1, Kind = "child", CreatedAt = TimeProvider.System.GetUtcNow() },
        new ChildStart(
            parent.WaitKey("n"), Guid.CreateVersion7(), workflowId, name, null, "{\"a\": 1}"u8.ToArray(),
            Encoding.UTF8.GetBytes("""{"type": "sub_workflow", "id": "n", "mode": "wait", "depth": 1}"""), IsAwaited: true));

    private async Task<(ClaimedExecution Parent, ClaimedExecution Child)> StartedAsync(bool park = true)
    {
        var parent = await _stack.ClaimNewAsync(_tenant, _worker);
        var (wait, child) = Call(parent, _tenant.WorkflowId);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(wait);
            checkpoint.Children.Add(child);
            if (park)
            {
                checkpoint.Parked.Add(parent.Parked());
            }
        });
        return (parent, await _stack.ClaimAsync(new ExecutionKey(_tenant.Id, child.Id), _worker));
    }

    private async Task<string> RefusalAsync(string name)
    {
        var parent = await _stack.ClaimNewAsync(_tenant, _worker);
        var (wait, child) = Call(parent, null, name);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(wait);
            checkpoint.Children.Add(child);
        });
        return (await _stack.ListAsync("select coalesce(payload #>> '{error,code}', '') from waits where execution_id = $1", parent.Key.Id))[0];
    }

    private async Task<Guid> AddNamedAsync(string name, bool ownJob)
    {
        var (id, job) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _stack.ExecuteAsync("insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at) select tenant_id, $2, folder_id, $2::text, now(), now() from jobs where tenant_id = $1 limit 1", _tenant.Id, job);
        await _stack.ExecuteAsync(
            "insert into workflows (tenant_id, id, job_id, name, published_version, created_at, updated_at) select $1, $2, case when $4 then job_id else $5 end, $3, 1, now(), now() from workflows where tenant_id = $1 and id = $6",
            _tenant.Id, id, name, ownJob, job, _tenant.WorkflowId);
        await _stack.ExecuteAsync("insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) values ($1, $2, 1, '{}', 'publish', now())", _tenant.Id, id);
        return id;
    }
}

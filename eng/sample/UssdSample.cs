namespace Workflows.Sample;

/// <summary>A dialogue on a phone, as its gateway carries it: one request for each message.</summary>
internal sealed class UssdSample : ISample
{
    private const string ServiceCode = "*384#";

    public string Name => "ussd";

    public string Summary => "somebody dials *384# and tops up; each message is one request, the dialogue is one execution";

    public async Task RunAsync(SampleRun run)
    {
        await run.PublishAsync("ussd", "Airtime");
        var session = $"ussd-{Guid.CreateVersion7():N}";
        foreach (var (typed, expected) in new[] { ("", "CON Airtime"), ("2", "CON How much?"), ("2*25", "END Topped up by 25.") })
        {
            var answer = await run.Api.SendTextAsync("/api/v1/sessions/ussd", new { sessionId = session, msisdn = "+254700000001", serviceCode = ServiceCode, text = typed });
            SampleRun.Say($"typed '{typed}', shown: {answer.ReplaceLineEndings(" / ")}");
            if (!answer.StartsWith(expected, StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"'{expected} …' was expected.");
            }
        }

        var execution = (await run.Api.GetAsync("/api/v1/executions?trigger=session&per_page=1"))[0].GetProperty("id").GetGuid();
        SampleRun.ShowSteps(await run.Api.WaitForAsync(execution, "completed"));
    }
}

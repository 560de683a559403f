using System.Text.Json;

namespace Workflows.Attack.Attacks;

/// <summary>
/// Line breaks in what becomes a header: further headers, and requests whose answers another tenant gets.
/// </summary>
internal sealed class HeaderInjection : IAttack
{
    private const int Rounds = 10;
    private const int AtOnce = 4;

    private static readonly string[] Values =
    [
        "Bob\r\nX-Role: admin",
        "a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: internal\r\nX-B: b",
        "a\nX-Role: admin",
        "a\r\n\r\nGET /smuggled/again HTTP/1.1\r\nHost: internal\r\nContent-Length: 0\r\n\r\n",
    ];

    public string Name => "header-injection";

    public string Promise => "no input adds a header or a request, and B gets only answers to its own calls";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var headers = new Dictionary<string, string> { ["X-Customer"] = "{{ input.name }}" };
        var attack = await stage.A.PublishAsync(
            "header", Call($"{stage.Target.Address}/attack", headers), cancellationToken);
        var victim = await stage.B.PublishAsync(
            "victim", Call($"{stage.Target.Address}/victim", []), cancellationToken);
        var (asked, wrong) = (0, new List<string>());
        for (var round = 0; round < Rounds; round++)
        {
            var attacks = Values.Take(AtOnce)
                .Select(name => stage.A.RunAsync(attack, new { name }, cancellationToken)).ToList();
            var answers = await Task.WhenAll(
                Enumerable.Range(0, AtOnce).Select(_ => stage.B.RunAsync(victim, new { }, cancellationToken)));
            await Task.WhenAll(attacks);
            asked += answers.Length;
            wrong.AddRange(answers.Select(AnswerIn).Where(answer => answer != "/victim"));
        }

        var arrivals = stage.Target.Arrivals;
        var roles = arrivals.Count(arrival => arrival.Role is not null);
        var smuggled = arrivals.Count(arrival => arrival.Path.StartsWith("/smuggled", StringComparison.Ordinal));
        return new Verdict(
            roles == 0 && smuggled == 0 && wrong.Count == 0 && asked == Rounds * AtOnce,
            $"{roles} forged headers and {smuggled} smuggled requests arrived; "
                + $"{wrong.Count} of {asked} answers to B were wrong {wrong.FirstOrDefault()}");
    }

    private static object Call(string url, Dictionary<string, string> headers) => new
    {
        nodes = new[] { Definitions.Node("call", "http", new { url, headers }) },
        edges = Array.Empty<object>(),
        output = "{{ steps.call.output.body.answer }}",
    };

    private static string AnswerIn(JsonElement execution) =>
        execution.GetProperty("status").GetString() == "completed"
            && execution.TryGetProperty("output", out var output) && output.ValueKind == JsonValueKind.String
            ? output.GetString()!
            : $"{execution.GetProperty("status").GetString()}: {Beginning(execution.GetRawText())}";

    private static string Beginning(string text) => text[..Math.Min(300, text.Length)];
}

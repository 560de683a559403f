using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;

namespace Workflows.Sample;

/// <summary>
/// The services that the samples call, on loopback. Workflows may not call such addresses; the operator exempts this one for the tenant, as one would for
/// a service in one's own network.
/// </summary>
internal sealed class Outside : IAsyncDisposable
{
    private const string AllowSql = """
        update tenants set settings = jsonb_set(settings, '{httpAllow}', $1::jsonb) where slug = 'default'
        """;

    private readonly WebApplication _app;
    private readonly string _postgres;
    private readonly ConcurrentQueue<string> _ledger = new();

    private Outside(WebApplication app, string postgres) => (_app, _postgres) = (app, postgres);

    public string Address => _app.Urls.First();

    /// <summary>What was booked and cancelled, in order.</summary>
    public IReadOnlyCollection<string> Ledger => _ledger;

    public static async Task<Outside> StartAsync(string postgres)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var outside = new Outside(app, postgres);
        // The same Idempotency-Key is the same reservation, however often it is asked for.
        app.MapPost("/reservations", (HttpRequest request, JsonElement order) =>
            Results.Json(new { reservationId = $"R-{request.Headers["Idempotency-Key"].ToString()[^12..]}", orderId = order.GetProperty("orderId").GetString() }));
        app.MapPost("/trips/{kind}", outside.Book);
        app.MapDelete("/trips/{kind}/{id}", outside.Cancel);
        await app.StartAsync();

        await outside.AllowAsync();
        return outside;
    }

    /// <summary>Lets workflows call these ports of this machine, too.</summary>
    public async Task AllowAsync(params int[] ports)
    {
        await using var database = NpgsqlDataSource.Create(_postgres);
        await using var command = database.CreateCommand(AllowSql);
        var allowed = ports.Prepend(new Uri(Address).Port).Select(port => $"\"127.0.0.1:{port}\"");
        command.Parameters.Add(new() { Value = $"[{string.Join(", ", allowed)}]" });
        await command.ExecuteNonQueryAsync();
    }

    private IResult Book(string kind, HttpRequest request)
    {
        if (kind == "car")
        {
            _ledger.Enqueue("car refused: none is left");
            return Results.Json(new { reason = "No car is left on that day." }, statusCode: StatusCodes.Status409Conflict);
        }

        var id = $"{kind[..1].ToUpperInvariant()}-{request.Headers["Idempotency-Key"].ToString()[^8..]}";
        _ledger.Enqueue($"{kind} booked as {id}");
        return Results.Json(new { id });
    }

    private IResult Cancel(string kind, string id)
    {
        _ledger.Enqueue($"{kind} {id} cancelled");
        return Results.Json(new { id, cancelled = true });
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

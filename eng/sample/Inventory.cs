using System.Text.Json;
using Npgsql;

namespace Workflows.Sample;

/// <summary>
/// The shop's inventory service, on loopback. Workflows may not call such addresses; the operator exempts this one for the tenant, as one would for
/// a service in one's own network.
/// </summary>
internal sealed class Inventory : IAsyncDisposable
{
    private const string AllowSql = """
        update tenants set settings = jsonb_set(settings, '{httpAllow}', $1::jsonb) where slug = 'default'
        """;

    private readonly WebApplication _app;

    private Inventory(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    public static async Task<Inventory> StartAsync(string postgres)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        // The same Idempotency-Key is the same reservation, however often it is asked for.
        app.MapPost("/reservations", (HttpRequest request, JsonElement order) =>
            Results.Json(new { reservationId = $"R-{request.Headers["Idempotency-Key"].ToString()[^12..]}", orderId = order.GetProperty("orderId").GetString() }));
        await app.StartAsync();

        var inventory = new Inventory(app);
        await using var database = NpgsqlDataSource.Create(postgres);
        await using var command = database.CreateCommand(AllowSql);
        command.Parameters.Add(new() { Value = $"[\"127.0.0.1:{new Uri(inventory.Address).Port}\"]" });
        await command.ExecuteNonQueryAsync();
        return inventory;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Npgsql;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;
using Workflows.Testing;

namespace Workflows.Connectors.Tests;

/// <summary>Connections that are kept: how many there are, and that nobody loses one that is in use.</summary>
public sealed class PoolTests(PostgresServer server) : IAsyncLifetime
{
    private const int Pools = 3;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly GuardedNetwork _network = new(AllowLists.None, new NetworkOptions(["127.0.0.1"]));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _listener.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Connections_of_a_tenant_who_is_pushed_out_stay_for_who_uses_them_and_close_after_the_last()
    {
        using var clients = new HttpClients(_network, Pools);
        var tenant = Guid.CreateVersion7();
        var (first, second) = (await clients.ForAsync(tenant, Token), await clients.ForAsync(tenant, Token));
        using var answer = SendAsync(first);
        using var target = await _listener.AcceptTcpClientAsync(Token);
        var stream = target.GetStream();
        await AnswerAsync(stream, "Content-Length: 4\r\n\r\nab");

        using var response = await answer;
        await PushOutAsync(clients);
        first.Dispose();
        await stream.WriteAsync("cd"u8.ToArray(), Token);
        Assert.Equal("abcd", await response.Content.ReadAsStringAsync(Token)); // read after everything was let go

        using var again = SendAsync(second);
        await AnswerAsync(stream, "Content-Length: 0\r\n\r\n"); // on the same connection
        (await again).Dispose();
        second.Dispose();
        Assert.Equal(0, await stream.ReadAsync(new byte[1], Token)); // closed
        Assert.False(_listener.Pending());
    }

    [Fact]
    public async Task Tenants_with_the_same_allow_list_share_no_connection()
    {
        using var clients = new HttpClients(_network, Pools);
        using var a = await clients.ForAsync(Guid.CreateVersion7(), Token);
        using var ofA = SendAsync(a);
        using var first = await _listener.AcceptTcpClientAsync(Token);
        await AnswerAsync(first.GetStream(), "Content-Length: 0\r\n\r\n");
        (await ofA).Dispose();

        // An answer more than was asked for: whoever got this connection next would take it for its own.
        await first.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"u8.ToArray(), Token);
        using var b = await clients.ForAsync(Guid.CreateVersion7(), Token);
        using var ofB = SendAsync(b);
        using var second = await _listener.AcceptTcpClientAsync(Token);
        await AnswerAsync(second.GetStream(), "Content-Length: 4\r\n\r\ngood");

        using var response = await ofB;
        Assert.Equal("good", await response.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task Connections_that_nobody_uses_are_closed_when_their_tenant_is_pushed_out()
    {
        using var clients = new HttpClients(_network, Pools);
        var client = await clients.ForAsync(Guid.CreateVersion7(), Token);
        using var answer = SendAsync(client);
        using var target = await _listener.AcceptTcpClientAsync(Token);
        await AnswerAsync(target.GetStream(), "Content-Length: 0\r\n\r\n");
        (await answer).Dispose();
        client.Dispose();
        var closed = target.GetStream().ReadAsync(new byte[1], Token).AsTask();
        Assert.False(closed.IsCompleted);

        await PushOutAsync(clients);

        Assert.Equal(0, await closed);
    }

    [Fact]
    public async Task A_statement_under_way_ends_well_when_its_connector_is_changed_and_its_connections_close_then()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var sql = new SqlConnector(
            _network, new SqlConnectorOptions(AllowPlatformDatabase: false, _ => Task.FromResult("1")));
        var old = Connector(database.ConnectionString, version: 1);
        await using var holder = new NpgsqlConnection(database.ConnectionString);
        await holder.OpenAsync(Token);
        await ScalarAsync(holder, "select pg_advisory_lock(1)::text");
        var slow = sql.RunAsync(old, Call("select 'old' as said from pg_advisory_lock(1)"), Token);
        await Eventually.TrueAsync(
            async () => await CountAsync(holder, "wait_event_type = 'Lock'") == 1, cancellationToken: Token);

        await sql.RunAsync(old with { Version = 2 }, Call("select 1"), Token);

        Assert.False(slow.IsCompleted);
        await ScalarAsync(holder, "select pg_advisory_unlock(1)");
        Assert.Equal("""[{"said":"old"}]""", Encoding.UTF8.GetString((await slow).Rows));
        await Eventually.TrueAsync(
            async () => await CountAsync(holder, "true") == 1, cancellationToken: Token); // the new version's
    }

    private static OpenConnector Connector(string connectionString, int version)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var config = new Dictionary<string, string>
        {
            ["host"] = "127.0.0.1",
            ["port"] = $"{target.Port}",
            ["database"] = target.Database!,
            ["username"] = target.Username!,
            ["password"] = target.Password ?? "",
            ["tls"] = "disable",
        };
        return new(Guid.CreateVersion7(), Guid.CreateVersion7(), "db", "postgres", version, config);
    }

    private static SqlCall Call(string statement) =>
        new(statement, default(JsonElement), MaxRows: 10, TimeSpan.FromSeconds(30), IsReadOnly: true);

    private static async Task<long> CountAsync(NpgsqlConnection connection, string where) => (long)await ScalarAsync(
        connection,
        $"""
        select count(*) from pg_stat_activity
        where datname = current_database() and application_name = 'workflows' and {where}
        """);

    private static async Task<object> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync(Token))!;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{_listener.LocalEndpoint}/"));
        return await client.SendAsync(request, Token);
    }

    private static async Task AnswerAsync(NetworkStream stream, string rest)
    {
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            request.Append(Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, Token)));
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{rest}"), Token);
    }

    // Each of the others is used twice: what was used once only gives way before what was used longer ago.
    private static async Task PushOutAsync(HttpClients clients)
    {
        for (var other = 0; other < 10 * Pools; other++)
        {
            var tenant = Guid.CreateVersion7();
            (await clients.ForAsync(tenant, Token)).Dispose();
            (await clients.ForAsync(tenant, Token)).Dispose();
        }
    }
}

namespace Aspire.Hosting.AppHost.Tests;

/// <summary>Formats that clients parse. Ports are set by hand: nothing is started.</summary>
public sealed class ConnectionStringTests : IDisposable
{
    private readonly TestHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Of_a_server_and_of_a_database()
    {
        var builder = _host.CreateBuilder("--Parameters:pg-password=p@ss:word");
        var server = builder.AddPostgres("pg");
        var database = server.AddDatabase("items", "item;db");
        Allocate(server.Resource, 1234);

        Assert.Equal("Host=127.0.0.1;Port=1234;Username=postgres;Password=p@ss:word", await ValueAsync(server.Resource.ConnectionStringExpression));
        Assert.Equal("Host=127.0.0.1;Port=1234;Username=postgres;Password=p@ss:word;Database=\"item;db\"",
            await ValueAsync(database.Resource.ConnectionStringExpression));
        Assert.Equal("postgresql://postgres:p%40ss%3Aword@127.0.0.1:1234/item;db", await ValueAsync(database.Resource.UriExpression));
        Assert.Equal("jdbc:postgresql://127.0.0.1:1234/item;db", await ValueAsync(database.Resource.JdbcConnectionString));
    }

    [Fact]
    public async Task Of_redis_with_and_without_a_password()
    {
        var builder = _host.CreateBuilder("--Parameters:cache-password=secret");
        var secured = builder.AddRedis("cache");
        var open = builder.AddRedis("open").WithPassword(null);
        Allocate(secured.Resource, 1234);
        Allocate(open.Resource, 1235);

        Assert.Equal("127.0.0.1:1234,password=secret", await ValueAsync(secured.Resource.ConnectionStringExpression));
        Assert.Equal("redis://:secret@127.0.0.1:1234", await ValueAsync(secured.Resource.UriExpression));
        Assert.Equal("127.0.0.1:1235", await ValueAsync(open.Resource.ConnectionStringExpression));
    }

    [Fact]
    public async Task A_generated_redis_password_needs_no_quotes()
    {
        var redis = _host.CreateBuilder().AddRedis("cache");

        var password = await redis.Resource.PasswordParameter!.GetValueAsync(TestContext.Current.CancellationToken);

        Assert.Equal(22, password!.Length);
        Assert.All(password, c => Assert.True(char.IsAsciiLetterOrDigit(c)));
    }

    [Fact]
    public async Task An_expression_keeps_braces_and_resolves_late()
    {
        var builder = _host.CreateBuilder("--Parameters:key=k");
        var key = builder.AddParameter("key");
        var server = builder.AddRedis("cache");
        var expression = ReferenceExpression.Create($"{{\"key\":\"{key.Resource}\",\"port\":{server.Resource.Port}}}");

        await Assert.ThrowsAsync<InvalidOperationException>(() => ValueAsync(expression));
        Allocate(server.Resource, 42);

        Assert.Equal("{\"key\":\"k\",\"port\":42}", await ValueAsync(expression));
        Assert.Equal("{\"key\":\"{key.value}\",\"port\":{cache.bindings.tcp.port}}", expression.ValueExpression);
    }

    private static void Allocate(ContainerResource resource, int port)
    {
        var endpoint = resource.Annotations.OfType<EndpointAnnotation>().Single();
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "127.0.0.1", port);
    }

    private static async Task<string?> ValueAsync(ReferenceExpression expression) =>
        await expression.GetValueAsync(TestContext.Current.CancellationToken);
}

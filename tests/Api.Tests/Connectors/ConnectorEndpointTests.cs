using System.Net;
using Npgsql;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Connectors;

public sealed class ConnectorEndpointTests(ConnectorFixture api) : IClassFixture<ConnectorFixture>
{
    private const string Password = "the-password-nobody-reads";

    [Fact]
    public async Task What_is_secret_of_a_configuration_is_never_answered_and_kept_when_it_comes_back_masked()
    {
        using var owner = api.Host.Owner();
        var created = (await owner.PostAsync("connectors", Postgres("warehouse", Password))).Ok(HttpStatusCode.Created);
        var changed = (await owner.PatchAsync(
            $"connectors/{created.Id}", created.ETag, new { config = new { database = "orders2", password = "***" } }))
                .Ok();

        foreach (var answer in new[] { created, changed, await owner.GetAsync($"connectors/{created.Id}"), await owner.GetAsync("connectors"), await owner.GetAsync("activity") })
        {
            Assert.DoesNotContain(Password, answer.Text, StringComparison.Ordinal);
        }

        var shown = changed.Data.GetProperty("config");
        Assert.Equal("***", shown.GetProperty("password").GetString());
        Assert.Equal("orders2", shown.GetProperty("database").GetString());
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from connectors c where c::text like '%nobody-reads%' or c::text like '%orders2%'"));
    }

    [Fact]
    public async Task A_test_logs_in_and_its_result_stays_with_the_connector()
    {
        using var owner = api.Host.Owner();
        await using var another = await PostgresServer.StartAsync(); // the platform's own would be refused
        await using var database = await another.CreateDatabaseAsync();
        var login = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var id = (await owner.PostAsync("connectors", Postgres("real", login.Password!, login))).Ok(HttpStatusCode.Created).Id;

        Assert.True((await owner.PostAsync($"connectors/{id}/test")).Ok().Data.GetProperty("succeeded").GetBoolean());
        var tested = (await owner.GetAsync($"connectors/{id}")).Ok();
        Assert.True(tested.Data.GetProperty("testSucceeded").GetBoolean());

        var broken = (await owner.PatchAsync($"connectors/{id}", tested.ETag, new { config = new { password = Password } })).Ok();
        Assert.Equal(System.Text.Json.JsonValueKind.Null, broken.Data.GetProperty("testSucceeded").ValueKind);
        var failed = (await owner.PostAsync($"connectors/{id}/test")).Ok();
        Assert.False(failed.Data.GetProperty("succeeded").GetBoolean());
        Assert.DoesNotContain(Password, failed.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_reaches_neither_the_platforms_database_nor_a_private_network()
    {
        using var owner = api.Host.Owner();
        var own = (await owner.PostAsync("connectors", Postgres("own", "p", new NpgsqlConnectionStringBuilder(api.Host.ConnectionString)))).Ok(HttpStatusCode.Created).Id;
        var metadata = (await owner.PostAsync(
            "connectors", new { name = "metadata", type = "http", config = new { baseUrl = "http://169.254.169.254/latest" } })).Ok(HttpStatusCode.Created).Id;

        foreach (var id in new[] { own, metadata })
        {
            Assert.False((await owner.PostAsync($"connectors/{id}/test")).Ok().Data.GetProperty("succeeded").GetBoolean());
        }

        Assert.Contains("not a public address", (await owner.GetAsync($"connectors/{metadata}")).Text, StringComparison.Ordinal);
        Assert.Contains("platform itself", (await owner.GetAsync($"connectors/{own}")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http", """{"baseUrl": "http://a/", "auth": "bearer", "token": "S"}""", """{"baseUrl": "http://b/"}""",
        "token")]
    [InlineData("http", """{"baseUrl": "http://a/", "auth": "bearer", "token": "S"}""",
        """{"baseUrl": "http://a:81/", "token": "***"}""", "token")]
    [InlineData("http", """{"baseUrl": "https://a/", "auth": "basic", "username": "u", "password": "S"}""",
        """{"baseUrl": "http://a/"}""", "password")]
    [InlineData("http",
        """{"baseUrl": "http://a/", "auth": "oauth2", "tokenUrl": "http://t/", "clientId": "c", "clientSecret": "S"}""",
        """{"tokenUrl": "http://b/"}""", "clientSecret")]
    [InlineData("http", """{"baseUrl": "http://a/", "auth": "bearer", "token": "S", "apiKey": "T"}""",
        """{"baseUrl": "http://b/", "token": "N"}""", "apiKey")]
    [InlineData("postgres", """{"host": "a", "database": "d", "username": "u", "password": "S"}""", """{"host": "b"}""",
        "password")]
    [InlineData("postgres", """{"host": "a", "database": "d", "username": "u", "password": "S"}""",
        """{"port": 5433}""", "password")]
    [InlineData("postgres", """{"host": "a", "database": "d", "username": "u", "password": "S"}""",
        """{"tls": "disable"}""", "password")]
    [InlineData("postgres", """{"host": "a", "database": "d", "username": "u", "password": "S", "port": 1}""",
        """{"port": null}""", "password")]
    [InlineData("smtp", """{"host": "a", "username": "u", "password": "S"}""", """{"host": "b", "password": "***"}""",
        "password")]
    [InlineData("smtp", """{"host": "a", "username": "u", "password": "S"}""", """{"tls": "none"}""", "password")]
    [InlineData("s3", """{"endpoint": "http://a", "bucket": "b", "accessKeyId": "k", "secretAccessKey": "S"}""",
        """{"endpoint": "http://c"}""", "secretAccessKey")]
    public async Task No_secret_goes_where_it_was_not_meant_for(string type, string config, string change,
        string secret)
    {
        using var owner = api.Host.Owner();
        var name = $"m{Guid.CreateVersion7():N}";
        var created = (await owner.PostAsync("connectors",
            $$"""{"name": "{{name}}", "type": "{{type}}", "config": {{config}} }"""))
            .Ok(HttpStatusCode.Created);

        var refused = (await owner.PatchAsync($"connectors/{created.Id}", created.ETag, $$"""{"config": {{change}} }"""))
            .Fails(HttpStatusCode.BadRequest, "CONNECTOR_SECRETS_NEEDED");

        Assert.Equal(
            [$"/config/{secret}"],
            refused.Json.GetProperty("error").GetProperty("details").EnumerateArray().Select(detail =>
                detail.GetProperty("pointer").GetString()));
        Assert.Equal(created.ETag, (await owner.GetAsync($"connectors/{created.Id}")).Ok().ETag);
        var anew = change.Replace(", \"password\": \"***\"", "", StringComparison.Ordinal)
            .Replace(", \"token\": \"***\"", "", StringComparison.Ordinal)
            .Replace("}", $", \"{secret}\": \"new\"}}", StringComparison.Ordinal);
        (await owner.PatchAsync($"connectors/{created.Id}", created.ETag, $$"""{"config": {{anew}} }""")).Ok();
    }

    [Theory]
    [InlineData("""{"port": 5432}""")]
    [InlineData("""{"tls": "verify"}""")]
    [InlineData("""{"database": "e", "password": "***"}""")]
    [InlineData("""{"host": "b", "password": null}""")]
    public async Task A_change_that_leaves_the_secrets_where_they_are_keeps_them(string change)
    {
        using var owner = api.Host.Owner();
        var created = (await owner.PostAsync("connectors", $$"""
            {"name": "k{{Guid.CreateVersion7():N}}", "type": "postgres",
             "config": {"host": "a", "database": "d", "username": "u", "password": "S"} }
            """)).Ok(HttpStatusCode.Created);

        (await owner.PatchAsync($"connectors/{created.Id}", created.ETag, $$"""{"config": {{change}} }""")).Ok();
    }

    [Theory]
    [InlineData("http", """{"baseUrl": "http://x/", "token": "***", "auth": "bearer"}""", "/config/token")]
    [InlineData("http", """{"baseUrl": "http://x/", "token": "pässword", "auth": "bearer"}""", "/config/token")]
    [InlineData("http", """{"baseUrl": "http://x/", "keyName": "Host", "apiKey": "k", "auth": "apiKeyHeader"}""",
        "/config/keyName")]
    [InlineData("http", """{"baseUrl": "http://x/", "keyName": "X Y", "apiKey": "k", "auth": "apiKeyHeader"}""",
        "/config/keyName")]
    [InlineData("s3", """{"endpoint": "http://a", "bucket": "b", "accessKeyId": "kä", "secretAccessKey": "S"}""",
        "/config/accessKeyId")]
    [InlineData("http", """{"baseUrl": "ftp://x"}""", "/config/baseUrl")]
    [InlineData("http", """{"baseUrl": "http://user:pass@x/"}""", "/config/baseUrl")]
    [InlineData("http", """{"baseUrl": "http://x/", "auth": "basic"}""", "/config/username")]
    [InlineData("http", """{"baseUrl": "http://x/", "token": "a\r\nX: y", "auth": "bearer"}""", "/config/token")]
    [InlineData("postgres", """{"host": "h", "database": "d", "username": "u", "port": "70000"}""", "/config/port")]
    [InlineData("postgres", """{"host": "h", "database": "d", "username": "u", "options": "-c x"}""", "/config/options")]
    [InlineData("ftp", "{}", "/type")]
    [InlineData("smtp", "{}", "/config/host")]
    public async Task A_configuration_that_cannot_work_is_refused(string type, string config, string at)
    {
        using var owner = api.Host.Owner();

        var answer = (await owner.PostAsync("connectors", $$"""{"name": "c", "type": "{{type}}", "config": {{config}}}""")).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        Assert.Contains(at, answer.Json.GetProperty("error").GetProperty("details").EnumerateArray().Select(detail => detail.GetProperty("pointer").GetString()));
    }

    [Fact]
    public async Task A_viewer_sees_connectors_and_changes_none()
    {
        using var owner = api.Host.Owner();
        var id = (await owner.PostAsync("connectors", Postgres("seen", Password))).Ok(HttpStatusCode.Created).Id;
        using var viewer = api.Host.Client(await owner.LogInNewUserAsync("viewer"));

        Assert.DoesNotContain(Password, (await viewer.GetAsync($"connectors/{id}")).Ok().Text, StringComparison.Ordinal);
        (await viewer.PostAsync($"connectors/{id}/test")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await viewer.DeleteAsync($"connectors/{id}", "*")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.Contains("postgres", (await viewer.GetAsync("connectors/types")).Ok().Text, StringComparison.Ordinal);
    }

    private static object Postgres(string name, string password, NpgsqlConnectionStringBuilder? login = null) => new
    {
        name,
        type = "postgres",
        config = new
        {
            host = login?.Host ?? "db.example.com",
            port = login?.Port ?? 5432,
            database = login?.Database ?? "d",
            username = login?.Username ?? "u",
            password = login is null || password != "p" ? password : login.Password,
            tls = "disable",
        },
    };
}

public sealed class ConnectorFixture(PostgresServer postgres, RedisServer redis) : ApiFixture(postgres, redis)
{
    protected override Dictionary<string, string?> Settings => new() { ["Connectors:Allow:0"] = "127.0.0.1" };
}

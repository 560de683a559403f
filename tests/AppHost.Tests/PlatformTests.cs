using Aspire.Hosting.Testing;
using Npgsql;
using Workflows.Testing;

namespace Workflows.AppHost.Tests;

/// <summary>The application model as Aspire runs it, through Aspire's own testing package: random ports, no dashboard, data of its own.</summary>
public sealed class PlatformTests
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task The_whole_platform_comes_up_and_its_api_answers()
    {
        var token = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("workflows-apphost-").FullName;
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            [$"--LocalFolder={folder}", $"--WORKFLOWS_SERVERS_BIN={Repository.ServersBin()}", "--Servers=processes"], token);
        await using (var app = await builder.BuildAsync(token))
        {
            await app.StartAsync(token).WaitAsync(StartTimeout, token);
            foreach (var name in (string[])["postgres", "workflows", "redis", "api", "aisearch", "worker"])
            {
                await app.ResourceNotifications.WaitForResourceHealthyAsync(name, token).WaitAsync(StartTimeout, token);
            }

            using var client = app.CreateHttpClient("api", "http");
            var health = await client.GetStringAsync(new Uri("/health", UriKind.Relative), token);
            Assert.Contains("Healthy", health, StringComparison.OrdinalIgnoreCase);

            await using var connection = new NpgsqlConnection(await app.GetConnectionStringAsync("workflows", token));
            await connection.OpenAsync(token);
            await using var command = new NpgsqlCommand("select extversion from pg_extension where extname = 'vector'", connection);
            Assert.NotNull(await command.ExecuteScalarAsync(token));
        }

        Directory.Delete(folder, recursive: true);
    }
}

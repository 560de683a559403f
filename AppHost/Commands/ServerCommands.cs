using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Workflows.AppHost.Servers;

namespace Workflows.AppHost.Commands;

/// <summary>
/// What a person does with a server: a terminal on it in the dashboard, as <c>WithRepl</c> gives for containers, and
/// an emptied cache.
/// </summary>
internal static class ServerCommands
{
    public static IResourceBuilder<PostgresProcessResource> WithPsqlCommand(
        this IResourceBuilder<PostgresProcessResource> server, string programs) =>
        server.WithTerminalCommand("psql", "Open psql", async (options, cancellationToken) =>
        {
            var resource = server.Resource;
            options.Executable = Path.Combine(programs, "psql");
            options.Arguments =
            [
                "-h", "127.0.0.1", "-p", Port(resource.PrimaryEndpoint), "-U", PostgresProcessResource.UserName,
                resource.Databases.FirstOrDefault()?.DatabaseName ?? "postgres",
            ];
            options.EnvironmentVariables["PGPASSWORD"] =
                await PasswordAsync(resource.PasswordParameter, cancellationToken);
        });

    public static IResourceBuilder<RedisProcessResource> WithRedisCliCommand(
        this IResourceBuilder<RedisProcessResource> server, string programs) =>
        server.WithTerminalCommand("redis-cli", "Open redis-cli", async (options, cancellationToken) =>
        {
            options.Executable = Path.Combine(programs, "redis-cli");
            options.Arguments = ["-h", "127.0.0.1", "-p", Port(server.Resource.PrimaryEndpoint)];
            options.EnvironmentVariables["REDISCLI_AUTH"] =
                await PasswordAsync(server.Resource.PasswordParameter, cancellationToken);
        });

    /// <summary>
    /// Empties Redis. Work goes on without the hints that were in it; dialogues begin anew.
    /// </summary>
    public static IResourceBuilder<TRedis> WithFlushCommand<TRedis>(this IResourceBuilder<TRedis> server)
        where TRedis : IResourceWithConnectionString =>
        server.WithCommand(
            "flush",
            "Flush",
            context => FlushAsync(server.Resource, context.CancellationToken),
            new CommandOptions
            {
                Description = "Deletes everything in Redis. Executions go on by PostgreSQL; dialogues begin anew.",
                ConfirmationMessage = "Delete everything in Redis? Dialogues end; no workflow data are lost.",
                IconName = "Delete",
                UpdateState = CommandStates.WhenHealthy,
            });

    private static async Task<ExecuteCommandResult> FlushAsync(
        IResourceWithConnectionString server, CancellationToken cancellationToken)
    {
        var options = ConfigurationOptions.Parse((await server.GetConnectionStringAsync(cancellationToken))!);
        options.AllowAdmin = true;
        try
        {
            await using var redis = await ConnectionMultiplexer.ConnectAsync(options);
            var keys = await redis.GetDatabase().ExecuteAsync("DBSIZE");
            await redis.GetDatabase().ExecuteAsync("FLUSHALL");
            return CommandResults.Success($"{keys} keys deleted.");
        }
        catch (RedisException exception)
        {
            return CommandResults.Failure(exception);
        }
    }

    // Terminals are still called experimental. WithRepl, which uses them, exists for containers only.
#pragma warning disable ASPIRETERMINAL001
    private static IResourceBuilder<TServer> WithTerminalCommand<TServer>(
        this IResourceBuilder<TServer> server,
        string name,
        string displayName,
        Func<TerminalLaunchOptions, CancellationToken, Task> describe)
        where TServer : IResource =>
        server.WithCommand(name, displayName, async context =>
        {
            var options = new TerminalLaunchOptions { Title = $"{server.Resource.Name}: {name}", Executable = name };
            await describe(options, context.CancellationToken);
            var terminal = context.Services.GetRequiredService<TerminalService>().CreateTerminal(options);
            terminal.Start();
            terminal.Show();
            return CommandResults.Success();
        }, new CommandOptions
        {
            Description = $"Opens {name} in a terminal of the dashboard.",
            IconName = "WindowConsole",
            IsHighlighted = true,
            UpdateState = CommandStates.WhenHealthy,
        });
#pragma warning restore ASPIRETERMINAL001

    private static string Port(EndpointReference endpoint) => endpoint.Port.ToString(CultureInfo.InvariantCulture);

    private static async Task<string> PasswordAsync(ParameterResource password, CancellationToken cancellationToken) =>
        await password.GetValueAsync(cancellationToken) ?? string.Empty;
}

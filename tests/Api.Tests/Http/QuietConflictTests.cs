using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Http;

/// <summary>What callers are told is not told to the operator as well: a log of conflicts hides what matters.</summary>
public sealed class QuietConflictTests(PostgresServer postgres, RedisServer redis)
{
    [Fact]
    public async Task A_conflict_is_answered_and_leaves_no_warning_in_the_log()
    {
        await using var host = await ApiHost.StartAsync(postgres, redis);
        var seen = new Seen();
        host.Services.GetRequiredService<ILoggerFactory>().AddProvider(seen);
        using var owner = host.Owner();
        (await owner.PostAsync("workspaces", new { name = "Twice" })).Ok(System.Net.HttpStatusCode.Created);

        Assert.Equal(
            System.Net.HttpStatusCode.Conflict, (await owner.PostAsync("workspaces", new { name = "Twice" })).Status);

        Assert.Empty(seen.Warnings);
        host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("test").LogWarning("It is heard.");
        Assert.Single(seen.Warnings);
    }

    private sealed class Seen : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Warnings { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Warnings.Enqueue($"{logLevel} {formatter(state, exception)}");
            }
        }

        public void Dispose()
        {
            // It holds nothing.
        }
    }
}

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;
using StackExchange.Redis.Tests;

namespace Aspire.StackExchange.Redis.Tests;

public sealed class AddRedisClientTests : IAsyncLifetime
{
    private RedisProcess _redis = null!;

    private string ConnectionString => _redis.Options().ToString();

    public async ValueTask InitializeAsync() => _redis = await RedisProcess.StartAsync();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task The_connection_string_of_the_name_gives_a_working_singleton()
    {
        var builder = Builder(("ConnectionStrings:cache", ConnectionString), ("Aspire:StackExchange:Redis:ConnectionString", "nowhere:1"));
        builder.AddRedisClient("cache");
        using var host = builder.Build();

        var multiplexer = host.Services.GetRequiredService<IConnectionMultiplexer>();
        Assert.Same(multiplexer, host.Services.GetRequiredService<IConnectionMultiplexer>());
        await multiplexer.GetDatabase().StringSetAsync("key", "value");
        Assert.Equal("value", await multiplexer.GetDatabase().StringGetAsync("key"));
        Assert.Null(host.Services.GetService<IDatabase>());
    }

    [Fact]
    public async Task Named_settings_beat_general_ones_and_the_caller_beats_both()
    {
        StackExchangeRedisSettings? seen = null;
        var builder = Builder(
            ("Aspire:StackExchange:Redis:ConnectionString", "general:1"),
            ("Aspire:StackExchange:Redis:DisableHealthChecks", "true"),
            ("Aspire:StackExchange:Redis:cache:ConnectionString", "named:2"),
            ("Aspire:StackExchange:Redis:cache:ConfigurationOptions:ConnectRetry", "7"),
            ("Aspire:StackExchange:Redis:cache:ConfigurationOptions:ConnectTimeout", "1234"));
        ConfigurationOptions? options = null;
        builder.AddRedisClient(
            "cache",
            settings =>
            {
                seen = settings;
                Assert.Equal("named:2", settings.ConnectionString);
                settings.ConnectionString = ConnectionString;
            },
            configured => options = configured);
        using var host = builder.Build();
        await host.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().PingAsync();

        Assert.True(seen!.DisableHealthChecks);
        Assert.True(seen.DisableAutoActivation);
        Assert.Equal((7, 1234, false), (options!.ConnectRetry, options.ConnectTimeout, options.AbortOnConnectFail));
        Assert.Null(host.Services.GetService<HealthCheckService>());
    }

    [Fact]
    public async Task A_keyed_client_is_found_by_its_name_only()
    {
        var builder = Builder(("ConnectionStrings:one", ConnectionString), ("ConnectionStrings:two", ConnectionString + ",defaultDatabase=2"));
        builder.AddKeyedRedisClient("one");
        var registered = builder.AddKeyedRedisClientBuilder("two");
        using var host = builder.Build();

        Assert.Equal("two", registered.ServiceKey);
        Assert.Null(host.Services.GetService<IConnectionMultiplexer>());
        Assert.Equal(0, host.Services.GetRequiredKeyedService<IConnectionMultiplexer>("one").GetDatabase().Database);
        Assert.Equal(2, host.Services.GetRequiredKeyedService<IConnectionMultiplexer>("two").GetDatabase().Database);
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["StackExchange.Redis_one", "StackExchange.Redis_two"], report.Entries.Keys.Order());
        Assert.Equal(HealthStatus.Healthy, report.Status);
    }

    [Fact]
    public async Task Without_a_server_the_client_is_there_unhealthy_and_recovers()
    {
        await _redis.KillAsync();
        var builder = Builder(("ConnectionStrings:cache", ConnectionString));
        builder.AddRedisClient("cache", configureOptions: options => options.ReconnectRetryPolicy = new LinearRetry(50));
        using var host = builder.Build();
        var multiplexer = host.Services.GetRequiredService<IConnectionMultiplexer>();
        var health = host.Services.GetRequiredService<HealthCheckService>();

        Assert.False(multiplexer.IsConnected);
        var report = await health.CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Unhealthy, report.Entries["StackExchange.Redis"].Status);

        await _redis.RestartAsync();
        await multiplexer.GetDatabase().PingAsync();
        report = await health.CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Healthy, report.Status);
    }

    [Fact]
    public void A_connection_string_that_asks_for_it_makes_a_missing_server_an_error()
    {
        var builder = Builder(("ConnectionStrings:cache", "127.0.0.1:1,connectRetry=1,abortConnect=true"));
        builder.AddRedisClient("cache");
        using var host = builder.Build();
        Assert.Throws<RedisConnectionException>(() => host.Services.GetRequiredService<IConnectionMultiplexer>());
    }

    [Fact]
    public void A_missing_connection_string_is_named_when_the_client_is_asked_for()
    {
        var builder = Builder();
        builder.AddRedisClient("cache");
        using var host = builder.Build();
        var error = Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<IConnectionMultiplexer>());
        Assert.Contains("ConnectionStrings:cache", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_auto_activation_the_host_connects_when_it_starts()
    {
        var connects = 0;
        var builder = Builder(("ConnectionStrings:cache", ConnectionString));
        builder.AddRedisClient("cache", settings => settings.DisableAutoActivation = false, _ => connects++);
        using var host = builder.Build();
        Assert.Equal(0, connects);
        await host.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, connects);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static HostApplicationBuilder Builder(params (string Key, string Value)[] configuration)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(configuration.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)));
        return builder;
    }
}

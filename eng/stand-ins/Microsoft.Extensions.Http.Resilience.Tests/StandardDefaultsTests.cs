using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Polly;

namespace Microsoft.Extensions.Http.Resilience.Tests;

public sealed class StandardDefaultsTests
{
    [Fact]
    public void The_five_layers_have_the_documented_defaults()
    {
        var options = new HttpStandardResilienceOptions();

        Assert.Equal(1000, options.RateLimiter.DefaultRateLimiterOptions.PermitLimit);
        Assert.Equal(0, options.RateLimiter.DefaultRateLimiterOptions.QueueLimit);
        Assert.Equal(TimeSpan.FromSeconds(30), options.TotalRequestTimeout.Timeout);
        Assert.Equal(3, options.Retry.MaxRetryAttempts);
        Assert.Equal(DelayBackoffType.Exponential, options.Retry.BackoffType);
        Assert.True(options.Retry.UseJitter);
        Assert.Equal(TimeSpan.FromSeconds(2), options.Retry.Delay);
        Assert.Null(options.Retry.MaxDelay);
        Assert.True(options.Retry.ShouldRetryAfterHeader);
        Assert.Equal(0.1, options.CircuitBreaker.FailureRatio);
        Assert.Equal(100, options.CircuitBreaker.MinimumThroughput);
        Assert.Equal(TimeSpan.FromSeconds(30), options.CircuitBreaker.SamplingDuration);
        Assert.Equal(TimeSpan.FromSeconds(5), options.CircuitBreaker.BreakDuration);
        Assert.Equal(TimeSpan.FromSeconds(10), options.AttemptTimeout.Timeout);
    }

    [Fact]
    public async Task Options_are_named_after_the_client_and_the_client_has_no_time_out_of_its_own()
    {
        await using var host = ClientHost.Standard(options => options.Retry.MaxRetryAttempts = 7);

        var options = host.Services.GetRequiredService<IOptionsMonitor<HttpStandardResilienceOptions>>();

        Assert.Equal(7, options.Get("orders-standard").Retry.MaxRetryAttempts);
        Assert.Equal(3, options.Get("other-standard").Retry.MaxRetryAttempts);
        using var client = host.Client("orders");
        Assert.Equal(Timeout.InfiniteTimeSpan, client.Timeout);
    }

    [Fact]
    public void Options_bind_from_configuration_and_an_unknown_key_is_an_error()
    {
        Assert.Equal(5, Bind(("Client:Retry:MaxRetryAttempts", "5"), ("Client:AttemptTimeout:Timeout", "00:00:03")).Retry.MaxRetryAttempts);
        Assert.Throws<InvalidOperationException>(() => Bind(("Client:Retry:MaxRetryAttemps", "5")));

        static HttpStandardResilienceOptions Bind(params (string Key, string Value)[] settings)
        {
            var configuration = new ConfigurationBuilder()
                .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build();
            var services = new ServiceCollection();
            services.AddHttpClient("orders").AddStandardResilienceHandler(configuration.GetSection("Client"));
            using var provider = services.BuildServiceProvider();
            return provider.GetRequiredService<IOptionsMonitor<HttpStandardResilienceOptions>>().Get("orders-standard");
        }
    }

    [Fact]
    public void An_empty_section_is_refused() =>
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddHttpClient("orders")
            .AddStandardResilienceHandler(new ConfigurationBuilder().Build().GetSection("None")));

    public static TheoryData<Action<HttpStandardResilienceOptions>, string> InvalidOptions() => new()
    {
        { options => options.AttemptTimeout.Timeout = TimeSpan.FromSeconds(31), "total request timeout" },
        { options => options.CircuitBreaker.SamplingDuration = TimeSpan.FromSeconds(19), "sampling duration" },
        { options => options.CircuitBreaker.FailureRatio = 1.1, "FailureRatio" },
        { options => options.Retry = null!, "Retry" },
    };

    [Theory]
    [MemberData(nameof(InvalidOptions))]
    public async Task Invalid_options_stop_the_host_at_start(Action<HttpStandardResilienceOptions> configure, string problem)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddHttpClient("orders").AddStandardResilienceHandler(configure);
        using var host = builder.Build();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }
}

using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Workflows.ServiceDefaults.Tests;

public sealed class HealthEndpointTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Development", "/health")]
    [InlineData("Development", "/alive")]
    [InlineData("Production", "/health")]
    [InlineData("Production", "/alive")]
    public async Task Probes_answer_in_every_environment(string environment, string path)
    {
        await using var host = await LoopbackHost.StartAsync(environment);

        var response = await host.Client.GetAsync(path, Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("healthy", await StatusAsync(response));
    }

    [Fact]
    public async Task Probes_need_no_credentials_where_everything_else_does()
    {
        await using var host = await LoopbackHost.StartAsync(
            configure: builder => builder.Services
                .AddAuthorizationBuilder()
                .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAssertion(_ => false).Build())
                .Services.AddAuthentication().AddBearerToken(),
            map: app => app.MapGet("/closed", () => "open"));

        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client.GetAsync("/closed", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/health", Cancel)).StatusCode);
    }

    [Fact]
    public async Task An_unhealthy_dependency_makes_the_process_unready_but_not_dead()
    {
        await using var host = await LoopbackHost.StartAsync(configure: builder => builder.Services.AddHealthChecks()
            .AddCheck("database", () => HealthCheckResult.Unhealthy("No connection in 5 s.")));

        var health = await host.Client.GetAsync("/health", Cancel);
        var alive = await host.Client.GetAsync("/alive", Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        using var report = await ReportAsync(health);
        var database = report.RootElement.GetProperty("checks").GetProperty("database");
        Assert.Equal("unhealthy", database.GetProperty("status").GetString());
        Assert.Equal("No connection in 5 s.", database.GetProperty("reason").GetString());
        Assert.True(database.GetProperty("latencyMilliseconds").GetDouble() >= 0);
        Assert.Equal("healthy", report.RootElement.GetProperty("checks").GetProperty("self").GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_dependency_the_process_can_do_without_only_degrades_it()
    {
        await using var host = await LoopbackHost.StartAsync(configure: builder =>
        {
            builder.Services.DegradeOnly("cache");
            builder.Services.AddHealthChecks().AddCheck("cache", () => throw new InvalidOperationException("Refused."));
        });

        var response = await host.Client.GetAsync("/health", Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("degraded", await StatusAsync(response));
    }

    [Theory]
    [InlineData("Host=db;Username=app;Password=hunter2;Database=x", "hunter2")]
    [InlineData("cannot parse \"password='hunter2 and more'\"", "hunter2")]
    [InlineData("connecting to redis://user:hunter2@cache:6379 failed", "hunter2")]
    [InlineData("Api-Key: hunter2 was refused", "hunter2")]
    [InlineData("first line\nstack with hunter2", "hunter2")]
    public async Task A_reason_never_carries_a_secret(string message, string secret)
    {
        await using var host = await LoopbackHost.StartAsync(configure: builder => builder.Services.AddHealthChecks()
            .AddCheck("database", () => throw new InvalidOperationException(message)));

        var body = await (await host.Client.GetAsync("/health", Cancel)).Content.ReadAsStringAsync(Cancel);

        Assert.DoesNotContain(secret, body, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reason_is_cut_at_its_limit()
    {
        await using var host = await LoopbackHost.StartAsync(configure: builder => builder.Services.AddHealthChecks()
            .AddCheck("database", () => HealthCheckResult.Unhealthy(new string('x', Limits.HealthReasonMaxLength + 1))));

        using var report = await ReportAsync(await host.Client.GetAsync("/health", Cancel));

        var reason = report.RootElement.GetProperty("checks").GetProperty("database").GetProperty("reason").GetString();
        Assert.Equal(Limits.HealthReasonMaxLength, reason?.Length);
    }

    [Fact]
    public async Task Every_check_has_a_time_limit_and_keeps_its_own()
    {
        await using var host = await LoopbackHost.StartAsync(configure: builder => builder.Services.AddHealthChecks()
            .AddCheck("own", () => HealthCheckResult.Healthy(), timeout: TimeSpan.FromSeconds(1))
            .AddCheck("none", () => HealthCheckResult.Healthy()));

        var checks = host.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations;

        Assert.Equal(TimeSpan.FromSeconds(1), checks.Single(check => check.Name == "own").Timeout);
        Assert.Equal(TimeSpan.FromSeconds(Limits.HealthCheckTimeoutSeconds), checks.Single(check => check.Name == "none").Timeout);
    }

    private static async Task<JsonDocument> ReportAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));

    private static async Task<string?> StatusAsync(HttpResponseMessage response)
    {
        using var report = await ReportAsync(response);
        return report.RootElement.GetProperty("status").GetString();
    }
}

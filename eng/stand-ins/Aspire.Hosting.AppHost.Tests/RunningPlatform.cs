using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.AppHost.Tests;

/// <summary>A platform of every kind of resource, started once for the tests that look at it or disturb it.</summary>
public sealed class RunningPlatform : IAsyncLifetime
{
    public const string Project = "service";

    private DistributedApplication? _app;

    internal TestHost Host { get; } = new();

    internal DistributedApplication App => _app!;

    public async ValueTask InitializeAsync()
    {
        var builder = Host.CreateBuilder("--Parameters:given-secret=s3cret", "--OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4317");
        var secret = builder.AddParameter("given-secret", secret: true);
        var database = builder.AddPostgres("postgres").WithDataVolume("data").AddDatabase("items", "Items DB");
        var redis = builder.AddRedis("redis").WithDataVolume("cache");
        var first = builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>(Project)
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health")
            .WithEnvironment("OVERRIDDEN", "by the model");
        builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>("worker")
            .WithReplicas(2)
            .WithHttpHealthCheck("/health")
            .WithReference(database)
            .WithReference(redis, connectionName: "my-cache")
            .WithReference(first)
            .WithEnvironment("SECRET", secret)
            .WithEnvironment("GREETING", $"at {first.GetEndpoint("http").Property(EndpointProperty.Port)}")
            .WaitFor(database)
            .WaitFor(redis)
            .WaitFor(first);
        _app = builder.Build();
        await _app.StartAsync();
        foreach (var name in (string[])[Project, "worker", "items"])
        {
            await _app.ResourceNotifications.WaitForResourceHealthyAsync(name).WaitAsync(TimeSpan.FromMinutes(1));
        }
    }

    internal Task<string> RestartAsync(string name) =>
        App.Services.GetRequiredService<Embedded.Orchestrator>().RestartAsync(name, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        Host.Dispose();
    }
}

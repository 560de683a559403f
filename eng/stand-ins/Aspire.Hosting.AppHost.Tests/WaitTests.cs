using Workflows.Testing;

namespace Aspire.Hosting.AppHost.Tests;

/// <summary>WaitFor is running and healthy, WaitForStart is running, WaitForCompletion is the end with its exit code.</summary>
public sealed class WaitTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestHost _host = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Waiting_for_health_ends_when_the_check_succeeds_and_waiting_for_the_start_does_not_need_it()
    {
        var healthyFile = _host.PathOf("healthy");
        var builder = _host.CreateBuilder();
        var dependency = Add(builder, "dependency").WithEnvironment("HEALTHY_FILE", healthyFile).WithHttpHealthCheck("/health");
        Add(builder, "patient").WaitFor(dependency);
        Add(builder, "hasty").WaitForStart(dependency);
        await using var app = builder.Build();
        await app.StartAsync(Cancelled);

        await StateAsync(app, "hasty", KnownResourceStates.Running);
        await Eventually.TrueAsync(() => (string?)_host.Process("dependency")["health"] == "Unhealthy", Limit, Cancelled);
        Assert.Equal(KnownResourceStates.Waiting, (string?)_host.Process("patient")["state"]);

        await File.WriteAllTextAsync(healthyFile, string.Empty, Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("patient", Cancelled).WaitAsync(Limit, Cancelled);
    }

    [Fact]
    public async Task Waiting_for_completion_wants_the_exit_code()
    {
        var builder = _host.CreateBuilder();
        var task = Add(builder, "task").WithEnvironment("EXIT_CODE", "3");
        Add(builder, "expects-three").WaitForCompletion(task, exitCode: 3);
        Add(builder, "expects-zero").WaitForCompletion(task);
        await using var app = builder.Build();
        await app.StartAsync(Cancelled);

        await StateAsync(app, "expects-three", KnownResourceStates.Running);
        await StateAsync(app, "expects-zero", KnownResourceStates.FailedToStart);
        await Eventually.TrueAsync(() => (int?)_host.Process("task")["exitCode"] == 3, Limit, Cancelled);
        await Eventually.TrueAsync(() => File.Exists(_host.PathOf("failed")), Limit, Cancelled);
    }

    [Fact]
    public async Task Without_a_dashboard_a_failed_dependency_fails_its_dependents()
    {
        var builder = _host.CreateBuilder(disableDashboard: true);
        var dependency = Add(builder, "dependency").WithEnvironment("EXIT_CODE", "1").WithHttpHealthCheck("/health");
        Add(builder, "dependent").WaitFor(dependency);
        Add(builder, "stubborn").WaitFor(dependency, WaitBehavior.WaitOnResourceUnavailable);
        await using var app = builder.Build();
        await app.StartAsync(Cancelled);

        await StateAsync(app, "dependency", KnownResourceStates.Exited);
        await StateAsync(app, "dependent", KnownResourceStates.FailedToStart);
        await StateAsync(app, "stubborn", KnownResourceStates.Waiting);
    }

    [Fact]
    public void A_resource_cannot_wait_for_itself()
    {
        var service = Add(_host.CreateBuilder(), "service");

        Assert.Throws<DistributedApplicationException>(() => service.WaitFor(service));
    }

    [Fact]
    public async Task Resources_that_wait_for_each_other_are_named()
    {
        var builder = _host.CreateBuilder();
        var one = Add(builder, "one");
        var two = Add(builder, "two").WaitFor(one);
        one.WaitFor(two);
        await using var app = builder.Build();

        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync(Cancelled));
        Assert.Contains("one -> two -> one", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replicas_behind_an_external_endpoint_are_refused()
    {
        var builder = _host.CreateBuilder();
        Add(builder, "api").WithExternalHttpEndpoints().WithReplicas(2);
        await using var app = builder.Build();

        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync(Cancelled));
        Assert.Contains("no proxy", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_demanded_port_that_is_taken_is_an_error_and_a_wished_one_is_not()
    {
        using var occupant = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        occupant.Start();
        var taken = ((System.Net.IPEndPoint)occupant.LocalEndpoint).Port;
        var builder = _host.CreateBuilder($"--Ports:demanding={taken}");
        Add(builder, "demanding");
        await using var app = builder.Build();
        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync(Cancelled));
        Assert.Contains($"Port {taken}", refusal.Message, StringComparison.Ordinal);
        await app.DisposeAsync();

        var wishing = _host.CreateBuilder();
        Add(wishing, "wishing").WithEndpoint("http", endpoint => endpoint.Port = taken);
        await using var second = wishing.Build();
        await second.StartAsync(Cancelled);
        await StateAsync(second, "wishing", KnownResourceStates.Running);
        Assert.NotEqual(taken, (int)_host.Process("wishing")["port"]!);
    }

    private static IResourceBuilder<ProjectResource> Add(IDistributedApplicationBuilder builder, string name) =>
        builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>(name);

    private static Task StateAsync(DistributedApplication app, string name, string state) =>
        app.ResourceNotifications.WaitForResourceAsync(name, state, Cancelled).WaitAsync(Limit, Cancelled);
}

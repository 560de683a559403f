using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Workflows.System.Tests;
using Workflows.Testing;

[assembly: AssemblyFixture(typeof(PlatformFixture))]

namespace Workflows.System.Tests;

/// <summary>One platform for all system tests: two instances of the API, two workers, AiSearch, PostgreSQL, Redis, each a process of its own.</summary>
public sealed class PlatformFixture : IAsyncLifetime
{
    /// <summary>Tests that kill processes do not run beside others.</summary>
    public const string OneAtATime = "platform";

    public Platform Platform { get; private set; } = null!;

    public PlatformClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Platform = await AspirePlatform.StartAsync(
            ["--Api:Replicas=2", "--Api:DrainSeconds=3"],
            builder => builder.CreateResourceBuilder<ProjectResource>("worker").WithEnvironment("Worker__HttpAllow__0", "127.0.0.1"));
        Client = new PlatformClient(Platform);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Platform.DisposeAsync();
    }
}

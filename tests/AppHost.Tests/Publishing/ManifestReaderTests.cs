using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Workflows.AppHost.Publishing;

namespace Workflows.AppHost.Tests.Publishing;

/// <summary>What a manifest may say that Compose and Kubernetes cannot be told is an error, never left out.</summary>
public sealed class ManifestReaderTests
{
    [Theory]
    [InlineData(
        """
        { "type": "container.v0", "image": "redis:8", "bindings": { "tcp": { "scheme": "tcp", "targetPort": 1 } } }
        """,
        null)]
    [InlineData("""{ "type": "azure.bicep.v0", "path": "it.bicep" }""", "azure.bicep.v0")]
    [InlineData("""{ "type": "container.v0", "image": "redis:8" }""", "0 ports")]
    [InlineData(
        """
        { "type": "container.v0", "image": "redis:8", "env": { "A": "{other.value}" },
          "bindings": { "tcp": { "scheme": "tcp", "targetPort": 1 } } }
        """,
        "{other.value}")]
    [InlineData(
        """
        { "type": "container.v0", "image": "redis:8", "env": { "A": "{redis.bindings.tcp.tlsEnabled}" },
          "bindings": { "tcp": { "scheme": "tcp", "targetPort": 1 } } }
        """,
        "tlsEnabled")]
    public void What_is_not_understood_fails(string redis, string? problem)
    {
        var manifest = JsonNode.Parse($$"""{ "resources": { "redis": {{redis}} } }""")!;
        var model = new DistributedApplicationModel((IResource[])[new ContainerResource("redis")]);

        var exception = Record.Exception(() => ManifestReader.Read(manifest, model, name => name));

        Assert.Equal(problem is null, exception is null);
        Assert.Contains(problem ?? string.Empty, exception?.Message ?? string.Empty, StringComparison.Ordinal);
        Assert.True(exception is null or DistributedApplicationException);
    }

    [Fact]
    public void A_workload_that_nobody_says_how_to_operate_fails() =>
        Assert.Throws<DistributedApplicationException>(() => Operation.Of("another", 8080, drainSeconds: null));

    [Fact]
    public void What_runs_once_may_not_listen()
    {
        var manifest = JsonNode.Parse(
            """
            { "resources": { "migration": { "type": "project.v0", "path": "../Api/Api.csproj",
              "bindings": { "http": { "scheme": "http" } } } } }
            """)!;
        var model = new DistributedApplicationModel((IResource[])[new ProjectResource("migration")]);

        var exception = Assert.Throws<DistributedApplicationException>(
            () => ManifestReader.Read(manifest, model, name => name));
        Assert.Contains("runs once, but listens", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_longer_drain_moves_the_time_of_killing() =>
        Assert.Equal(80, Operation.Of("api", 8080, drainSeconds: "60").StopSeconds);

    [Theory]
    [InlineData("costs $5", "costs $$5")]
    [InlineData("$(echo)", "$$(echo)")]
    public void A_dollar_sign_of_the_text_is_no_reference(string text, string rendered) =>
        Assert.Equal(rendered, new Template(text).Render(setting => setting.Name));
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting.AppHost.Tests;

/// <summary>What the original documents of the model alone: nothing is started here.</summary>
public sealed class ResourceModelTests : IDisposable
{
    private readonly TestHost _host = new();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("a")]
    [InlineData("api")]
    [InlineData("api-2-x")]
    public void Names_of_letters_digits_and_single_hyphens_are_valid(string name) =>
        Assert.Equal(name, _host.CreateBuilder().AddParameter(name).Resource.Name);

    [Theory]
    [InlineData("")]
    [InlineData("2api")]
    [InlineData("-api")]
    [InlineData("api-")]
    [InlineData("a--b")]
    [InlineData("a_b")]
    [InlineData("ä")]
    [InlineData("a2345678901234567890123456789012345678901234567890123456789012345")]
    public void Other_names_are_refused(string name) =>
        Assert.ThrowsAny<ArgumentException>(() => _host.CreateBuilder().AddParameter(name));

    [Fact]
    public void A_name_is_taken_once_whatever_its_case()
    {
        var builder = _host.CreateBuilder();
        builder.AddParameter("key");

        Assert.Throws<DistributedApplicationException>(() => builder.AddRedis("KEY"));
    }

    [Fact]
    public void The_build_generates_a_class_for_every_project_reference()
    {
        IProjectMetadata project = new Projects.Aspire_Hosting_AppHost_Sample();

        Assert.True(Path.IsPathFullyQualified(project.ProjectPath));
        Assert.EndsWith("Aspire.Hosting.AppHost.Sample.csproj", project.ProjectPath, StringComparison.Ordinal);
        Assert.True(File.Exists(project.ProjectPath));
        Assert.True(project.SuppressBuild);
        Assert.True(File.Exists(new Projects.Aspire_Hosting_AppHost_Sample().TargetPath));
    }

    [Fact]
    public void Launch_settings_give_the_endpoints_and_the_first_profile_is_the_default()
    {
        var builder = _host.CreateBuilder();
        var first = builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>("first");
        var second = builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>("second", launchProfileName: "second");
        var none = builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>("none", launchProfileName: null);

        Assert.Equal([("http", 28765)], EndpointsOf(first));
        Assert.Equal([("http", 28766), ("http2", 28767)], EndpointsOf(second));
        Assert.Empty(EndpointsOf(none));
        Assert.Throws<DistributedApplicationException>(
            () => builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>("third", launchProfileName: "third"));
    }

    [Fact]
    public void The_AppHosts_own_profile_selects_the_one_of_the_same_name()
    {
        var builder = _host.CreateBuilder("--DOTNET_LAUNCH_PROFILE=second");

        Assert.Equal(2, EndpointsOf(builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>("service")).Length);
    }

    [Fact]
    public void Health_checks_are_registered_under_the_documented_keys()
    {
        var builder = _host.CreateBuilder();
        builder.AddPostgres("postgres").AddDatabase("items");
        builder.AddRedis("redis");
        builder.AddProject<Projects.Aspire_Hosting_AppHost_Sample>("api").WithHttpHealthCheck("/health").WithHttpHealthCheck("/alive", 204);
        using var app = builder.Build();

        var keys = app.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Select(check => check.Name);

        Assert.Equal(["api_http_/alive_204_check", "api_http_/health_200_check", "items_check", "postgres_check", "redis_check"],
            keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_http_health_check_without_an_http_endpoint_is_refused()
    {
        var project = _host.CreateBuilder().AddProject<Projects.Aspire_Hosting_AppHost_Sample>("api", launchProfileName: null);

        Assert.Throws<DistributedApplicationException>(() => project.WithHttpHealthCheck("/health"));
    }

    [Fact]
    public void An_endpoint_name_is_taken_once()
    {
        var project = _host.CreateBuilder().AddProject<Projects.Aspire_Hosting_AppHost_Sample>("api");

        Assert.Throws<DistributedApplicationException>(() => project.WithHttpEndpoint());
        Assert.Equal("admin", project.WithHttpEndpoint(name: "admin").GetEndpoint("admin").EndpointName);
    }

    [Fact]
    public void The_volume_follows_the_tag_that_is_set_when_it_is_added()
    {
        var builder = _host.CreateBuilder();
        var before = builder.AddPostgres("before").WithDataVolume().WithImage("pgvector/pgvector", "pg17");
        var after = builder.AddPostgres("after").WithImage("pgvector/pgvector", "pg17").WithDataVolume("x");

        Assert.Equal("/var/lib/postgresql", before.Resource.Annotations.OfType<ContainerMountAnnotation>().Single().Target);
        Assert.Equal("/var/lib/postgresql/data", after.Resource.Annotations.OfType<ContainerMountAnnotation>().Single().Target);
        Assert.Equal("pg17", after.Resource.Annotations.OfType<ContainerImageAnnotation>().Last().Tag);
        Assert.Throws<InvalidOperationException>(() => after.WithImage("pgvector/pgvector:pg17", "pg18"));
    }

    [Fact]
    public void Publish_environments_are_in_the_model_only_when_publishing()
    {
        var run = _host.CreateBuilder();
        run.AddDockerComposeEnvironment("compose");
        run.AddAzureContainerAppEnvironment("apps");
        var publish = _host.CreateBuilder("--operation", "publish");
        publish.AddDockerComposeEnvironment("compose");
        publish.AddAzureContainerAppEnvironment("apps");

        Assert.Empty(run.Resources);
        Assert.Equal(["compose", "apps"], publish.Resources.Select(resource => resource.Name));
        Assert.True(publish.ExecutionContext.IsPublishMode);
    }

    [Fact]
    public async Task Publishing_says_that_it_needs_the_genuine_packages()
    {
        await using var app = _host.CreateBuilder("--operation", "publish").Build();

        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync(TestContext.Current.CancellationToken));
        Assert.Contains("genuine Aspire packages", refusal.Message, StringComparison.Ordinal);
    }

    private static (string Name, int? Port)[] EndpointsOf(IResourceBuilder<ProjectResource> project) =>
        [.. project.Resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => (endpoint.Name, endpoint.Port))];
}

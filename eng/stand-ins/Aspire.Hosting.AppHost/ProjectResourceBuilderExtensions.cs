using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static class ProjectResourceBuilderExtensions
{
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, _ => { });

    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, options =>
        {
            options.ExcludeLaunchProfile = launchProfileName is null;
            options.LaunchProfileName = launchProfileName;
        });

    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, Action<ProjectResourceOptions> configure)
        where TProject : IProjectMetadata, new()
    {
        var options = new ProjectResourceOptions();
        configure(options);
        var project = new TProject();
        var resource = builder.AddResource(new ProjectResource(name)).WithAnnotation(project);
        if (EffectiveLaunchProfile.Select(project, options, builder.Configuration) is not { } profile)
        {
            return resource;
        }

        foreach (var endpoint in EndpointsOf(profile.Profile))
        {
            resource.WithAnnotation(endpoint);
        }

        return resource.WithAnnotation(profile).WithEnvironment(context =>
        {
            foreach (var (key, value) in profile.Profile.EnvironmentVariables)
            {
                context.EnvironmentVariables.TryAdd(key, value);
            }

            context.EnvironmentVariables["DOTNET_LAUNCH_PROFILE"] = profile.Name;
        });
    }

    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(replicas);
        return builder.WithAnnotation(new ReplicaAnnotation(replicas), ResourceAnnotationMutationBehavior.Replace);
    }

    /// <summary>One endpoint per URL, named by its scheme; further ones of a scheme are counted: http, https, http2.</summary>
    private static IEnumerable<EndpointAnnotation> EndpointsOf(LaunchProfile profile)
    {
        var counts = new Dictionary<string, int>();
        foreach (var url in profile.ApplicationUrl?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [])
        {
            var uri = new Uri(url);
            var count = counts[uri.Scheme] = counts.GetValueOrDefault(uri.Scheme) + 1;
            yield return new EndpointAnnotation(
                ProtocolType.Tcp, uri.Scheme, name: count == 1 ? uri.Scheme : $"{uri.Scheme}{count}", port: uri.Port)
            {
                FromLaunchProfile = true,
            };
        }
    }
}

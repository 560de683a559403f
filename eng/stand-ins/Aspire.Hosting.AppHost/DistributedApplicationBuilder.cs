using System.Collections.ObjectModel;
using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Embedded;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileProviders.Physical;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

public interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }

    string AppHostDirectory { get; }

    Assembly? AppHostAssembly { get; }

    IHostEnvironment Environment { get; }

    IServiceCollection Services { get; }

    IDistributedApplicationEventing Eventing { get; }

    DistributedApplicationExecutionContext ExecutionContext { get; }

    IResourceCollection Resources { get; }

    IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource;

    IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource;

    DistributedApplication Build();
}

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromMinutes(2);

    private readonly HostApplicationBuilder _inner;

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        AppHostAssembly = options.AssemblyName is { } name ? Assembly.Load(name) : Assembly.GetEntryAssembly();
        AppHostDirectory = options.ProjectDirectory ?? DirectoryOf(AppHostAssembly) ?? Directory.GetCurrentDirectory();
        _inner = new HostApplicationBuilder(new HostApplicationBuilderSettings
        {
            Args = options.Args,
            ContentRootPath = AppHostDirectory,
            ApplicationName = AppHostAssembly?.GetName().Name,
        });
        _inner.Logging.ClearProviders();
        _inner.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);

        Local = new LocalFolder(Configuration, AppHostDirectory);
        InsertPersistedParameters();
        ExecutionContext = new DistributedApplicationExecutionContext(
            Configuration["operation"] is "publish" || Configuration["publisher"] is not null
                ? DistributedApplicationOperation.Publish
                : DistributedApplicationOperation.Run);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(Local);
        Services.AddSingleton(Resources);
        Services.AddSingleton(Eventing);
        Services.AddSingleton(new OrchestratorOptions(WaitDefault: options.DisableDashboard
            ? WaitBehavior.StopOnResourceUnavailable
            : WaitBehavior.WaitOnResourceUnavailable));
        Services.TryAddSingleton(TimeProvider.System);
        Services.AddSingleton<ResourceNotificationService>();
        Services.AddSingleton<ConsoleOutput>();
        Services.AddSingleton<PortAllocator>();
        Services.AddSingleton<EnvironmentBuilder>();
        Services.AddSingleton<StatusFiles>();
        Services.AddSingleton<Orchestrator>();
        Services.AddSingleton<CommandFolder>();
        Services.AddHostedService(services => services.GetRequiredService<Orchestrator>());
        Services.AddHostedService(services => services.GetRequiredService<CommandFolder>());
        Services.AddHealthChecks();

        // Health is asked for where a resource waits; the periodic publisher of ASP.NET Core has nothing to publish to.
        Services.RemoveAll<Microsoft.Extensions.Diagnostics.HealthChecks.IHealthCheckPublisher>();
    }

    public ConfigurationManager Configuration => _inner.Configuration;

    public string AppHostDirectory { get; }

    public Assembly? AppHostAssembly { get; }

    public IHostEnvironment Environment => _inner.Environment;

    public IServiceCollection Services => _inner.Services;

    public IDistributedApplicationEventing Eventing { get; } = new DistributedApplicationEventing();

    public DistributedApplicationExecutionContext ExecutionContext { get; }

    public IResourceCollection Resources { get; } = new ResourceCollection();

    internal LocalFolder Local { get; }

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        if (Resources.FirstOrDefault(other => string.Equals(other.Name, resource.Name, StringComparison.OrdinalIgnoreCase)) is { } same)
        {
            throw new DistributedApplicationException(
                $"Cannot add resource of type '{resource.GetType()}' with name '{resource.Name}' because resource of "
                + $"type '{same.GetType()}' with that name already exists. Resource names are case-insensitive.");
        }

        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build() => new(_inner.Build());

    /// <summary>As user secrets do in the original: stronger than appsettings, weaker than the environment.</summary>
    private void InsertPersistedParameters()
    {
        var sources = ((IConfigurationBuilder)Configuration).Sources;
        var beforeEnvironment = sources.Count;
        for (var i = 0; i < sources.Count; i++)
        {
            if (sources[i] is EnvironmentVariablesConfigurationSource { Prefix: null or "" })
            {
                beforeEnvironment = i;
                break;
            }
        }

        // No file provider of the content root: it hides files below folders whose names start with a dot.
        sources.Insert(beforeEnvironment, new JsonConfigurationSource
        {
            FileProvider = new PhysicalFileProvider(Local.Root, ExclusionFilters.None),
            Path = LocalFolder.ParametersFile,
            Optional = true,
        });
    }

    /// <summary>The project folder that the AppHost's build wrote into its assembly.</summary>
    private static string? DirectoryOf(Assembly? assembly) => assembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(attribute => attribute.Key == "apphostprojectpath")?.Value;
}

internal sealed class ResourceCollection : Collection<IResource>, IResourceCollection;

internal sealed class ResourceBuilder<T>(IDistributedApplicationBuilder applicationBuilder, T resource) : IResourceBuilder<T>
    where T : IResource
{
    public IDistributedApplicationBuilder ApplicationBuilder { get; } = applicationBuilder;

    public T Resource { get; } = resource;

    public IResourceBuilder<T> WithAnnotation<TAnnotation>(
        TAnnotation annotation, ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
        where TAnnotation : IResourceAnnotation
    {
        if (behavior == ResourceAnnotationMutationBehavior.Replace)
        {
            foreach (var old in Resource.Annotations.OfType<TAnnotation>().ToArray())
            {
                Resource.Annotations.Remove(old);
            }
        }

        Resource.Annotations.Add(annotation);
        return this;
    }
}

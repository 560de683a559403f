using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Workflows.Testing;

namespace Workflows.AppHost.Tests;

/// <summary>The application model as AppHost.cs makes it, never started.</summary>
internal sealed class Model : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("workflows-model-").FullName;
    private IDistributedApplicationTestingBuilder? _builder;

    /// <summary>Where passwords of this model are kept.</summary>
    public string Folder => _folder;

    public IReadOnlyList<IResource> Resources => [.. _builder!.Resources];

    public IResource this[string name] => Resources.Single(resource => resource.Name == name);

    /// <summary>The services and servers that a person sees; not what Aspire puts beside them.</summary>
    public IEnumerable<IResource> Shown => Resources.Where(resource =>
        resource is ProjectResource or ContainerResource
        || (resource is ExecutableResource and not IResourceWithParent));

    public static async Task<Model> OfAsync(params string[] args)
    {
        var model = new Model();
        model._builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            [$"--LocalFolder={model._folder}", $"--WORKFLOWS_SERVERS_BIN={Repository.ServersBin()}", .. args]);
        return model;
    }

    public async ValueTask DisposeAsync()
    {
        if (_builder is not null)
        {
            await _builder.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }
}

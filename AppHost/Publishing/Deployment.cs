using System.Text;

namespace Workflows.AppHost.Publishing;

/// <summary>What is deployed, in the words that Compose and Kubernetes have in common.</summary>
/// <param name="Workloads">In the order of the application model.</param>
/// <param name="Settings">What whoever deploys fills in: each that a workload uses, by name.</param>
internal sealed record Deployment(IReadOnlyList<Workload> Workloads, IReadOnlyList<Setting> Settings);

/// <summary>One program and how often it runs.</summary>
internal sealed record Workload
{
    public required string Name { get; init; }

    /// <summary>With its tag. The images of projects are built by whoever deploys (docs/deployment.md).</summary>
    public required string Image { get; init; }

    /// <summary>What the image is called without registry and tag; workloads of one project share it.</summary>
    public required string ImageName { get; init; }

    /// <summary>Whether it is one of the platform's own services, which keep nothing and speak HTTP.</summary>
    public required bool IsProject { get; init; }

    /// <summary>Takes the place of the image's entry point; null = the image's own.</summary>
    public required string? Entrypoint { get; init; }

    public required IReadOnlyList<Template> Arguments { get; init; }

    public required IReadOnlyList<KeyValuePair<string, Template>> Environment { get; init; }

    public required IReadOnlyList<Mount> Volumes { get; init; }

    /// <summary>The one port it listens on; 0 for one that runs once.</summary>
    public required int Port { get; init; }

    /// <summary>Whether callers from outside reach it.</summary>
    public required bool IsExternal { get; init; }

    public required int Replicas { get; init; }

    /// <summary>Names of workloads that have to be healthy, or done, before it starts for the first time.</summary>
    public required IReadOnlyList<string> WaitsFor { get; init; }

    /// <summary>Names of workloads that it calls.</summary>
    public required IReadOnlySet<string> Calls { get; init; }

    public required Operation Operation { get; init; }
}

/// <summary>A folder that outlives the container.</summary>
internal sealed record Mount(string Volume, string Target);

/// <summary>A value that whoever deploys fills in.</summary>
/// <param name="Name">As an environment variable is named.</param>
/// <param name="IsSecret">Whether it has to be kept from readers of the files.</param>
/// <param name="Comment">What to fill in.</param>
/// <param name="Default">Null = it has to be filled in.</param>
internal sealed record Setting(string Name, bool IsSecret, string Comment, string? Default = null);

/// <summary>Text in which settings stand for what is not known yet.</summary>
internal sealed class Template
{
    private readonly List<(string Text, Setting? Setting)> _parts = [];

    public Template(string text) => Append(text);

    public Template()
    {
    }

    public IEnumerable<Setting> Settings => _parts.Select(part => part.Setting).OfType<Setting>();

    /// <summary>The setting that is the whole text; null when there is more to it.</summary>
    public Setting? Whole => _parts is [{ Setting: { } setting }] ? setting : null;

    public void Append(string text)
    {
        if (text.Length > 0)
        {
            _parts.Add((text, null));
        }
    }

    public void Append(Setting setting) => _parts.Add((string.Empty, setting));

    /// <summary>
    /// The text with each setting as <paramref name="reference"/> says it. A dollar sign of the text's own is
    /// doubled: Compose and Kubernetes alike take a single one for a reference.
    /// </summary>
    public string Render(Func<Setting, string> reference)
    {
        var text = new StringBuilder();
        foreach (var (literal, setting) in _parts)
        {
            text.Append(setting is null ? Escape(literal) : reference(setting));
        }

        return text.ToString();
    }

    public static string Escape(string text) => text.Replace("$", "$$", StringComparison.Ordinal);
}

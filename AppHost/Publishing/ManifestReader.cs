using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Workflows.AppHost.Services;

namespace Workflows.AppHost.Publishing;

/// <summary>
/// Reads a deployment from Aspire's manifest, whose format is documented and which azd reads as well. What the
/// manifest does not say (who waits for whom, replicas) comes from the application model. Whatever is not understood
/// is an error: nothing is left out silently.
/// </summary>
internal sealed partial class ManifestReader
{
    /// <summary>Where the images of .NET listen.</summary>
    private const int ProjectPort = 8080;

    private const int MinSecretLength = 16;

    private readonly JsonObject _resources;
    private readonly DistributedApplicationModel _model;
    private readonly Func<string, string> _imageOf;
    private readonly SortedDictionary<string, Setting> _settings = new(StringComparer.Ordinal);
    private HashSet<string> _calls = [];

    private ManifestReader(JsonObject resources, DistributedApplicationModel model, Func<string, string> imageOf) =>
        (_resources, _model, _imageOf) = (resources, model, imageOf);

    /// <param name="manifest">The content of <c>aspire-manifest.json</c>.</param>
    /// <param name="model">The model that it was made from.</param>
    /// <param name="imageOf">The image, with its tag, of the project of a name.</param>
    /// <exception cref="DistributedApplicationException">The manifest says something that is not
    /// understood.</exception>
    public static Deployment Read(JsonNode manifest, DistributedApplicationModel model, Func<string, string> imageOf)
    {
        var reader = new ManifestReader(manifest["resources"]!.AsObject(), model, imageOf);
        var workloads = reader._resources
            .Select(resource => reader.ReadResource(resource.Key, resource.Value!.AsObject()))
            .OfType<Workload>()
            .ToList();
        return new Deployment(workloads, [.. reader._settings.Values]);
    }

    private Workload? ReadResource(string name, JsonObject resource) => (string?)resource["type"] switch
    {
        "container.v0" => ReadWorkload(name, resource, (string)resource["image"]!, isProject: false),
        "project.v0" => ReadWorkload(name, resource, _imageOf(ProgramOf(resource)), isProject: true),
        "parameter.v0" or "value.v0" or "annotated.string" => null, // read where they are used
        var type => throw new DistributedApplicationException(
            $"{name} is of the type {type}, which cannot be published to Compose or Kubernetes."),
    };

    private Workload ReadWorkload(string name, JsonObject resource, string image, bool isProject)
    {
        _calls = new HashSet<string>(StringComparer.Ordinal);
        var modelled = _model.Resources.Single(candidate => candidate.Name == name);
        var (port, isExternal) = ReadBindings(name, resource);
        var arguments = (resource["args"] as JsonArray ?? []).Select(argument => (string)argument!);
        var environment = ReadEnvironment(resource["env"] as JsonObject ?? []);
        var drainSeconds = (string?)resource["env"]?[Operation.DrainVariable];
        var operation = Operation.Of(name, port, drainSeconds);
        if (operation.RunsOnce != (port == 0))
        {
            var problem = operation.RunsOnce ? "runs once, but listens" : "has 0 ports without TLS; it has to have one";
            throw new DistributedApplicationException($"{name} {problem}.");
        }

        return new Workload
        {
            Name = name,
            Image = image,
            ImageName = image[(image.LastIndexOf('/') + 1)..].Split(':')[0],
            IsProject = isProject,
            Entrypoint = (string?)resource["entrypoint"],
            // Both know programs that end.
            Arguments =
            [
                .. arguments
                    .Where(argument => !operation.RunsOnce || argument != Migration.StayArgument)
                    .Select(Resolve),
            ],
            Environment = environment,
            Volumes =
            [
                .. (resource["volumes"] as JsonArray ?? [])
                    .Select(mount => new Mount((string)mount!["name"]!, (string)mount["target"]!)),
            ],
            Port = port,
            IsExternal = isExternal,
            Replicas = modelled.GetReplicaCount(),
            WaitsFor = ReadWaits(modelled),
            Calls = _calls.Where(called => called != name).ToHashSet(),
            Operation = operation,
        };
    }

    private static string ProgramOf(JsonObject resource) =>
        Path.GetFileNameWithoutExtension((string)resource["path"]!).ToLowerInvariant();

    /// <summary>
    /// A project has one more binding, for https: TLS ends before the services, so it comes to nothing here.
    /// </summary>
    private static (int Port, bool IsExternal) ReadBindings(string name, JsonObject resource)
    {
        var bindings = (resource["bindings"] as JsonObject ?? [])
            .Where(binding => (string?)binding.Value!["scheme"] != "https")
            .ToList();
        return bindings switch
        {
            [{ Value: { } binding }] =>
                ((int?)binding["targetPort"] ?? ProjectPort, (bool?)binding["external"] ?? false),
            [] => (0, false),
            _ => throw new DistributedApplicationException(
                $"{name} has {bindings.Count} ports without TLS; it has to have one."),
        };
    }

    private List<KeyValuePair<string, Template>> ReadEnvironment(JsonObject variables) =>
    [
        .. variables
            .Where(variable => !HttpsUrl().IsMatch((string)variable.Value!))
            .Select(variable => KeyValuePair.Create(variable.Key, Resolve((string)variable.Value!))),
    ];

    private static List<string> ReadWaits(IResource resource) =>
    [
        .. resource.Annotations.OfType<WaitAnnotation>()
            .Select(wait => wait.Resource is IResourceWithParent child ? child.Parent.Name : wait.Resource.Name)
            .Distinct(),
    ];

    private Template Resolve(string text)
    {
        var template = new Template();
        Resolve(text, template);
        return template;
    }

    private void Resolve(string text, Template into)
    {
        var end = 0;
        foreach (Match match in Expression().Matches(text))
        {
            into.Append(text[end..match.Index]);
            end = match.Index + match.Length;
            ResolveExpression(match.Groups[1].Value, into);
        }

        into.Append(text[end..]);
    }

    private void ResolveExpression(string expression, Template into)
    {
        var path = expression.Split('.');
        var resource = _resources[path[0]]?.AsObject() ?? throw NotUnderstood(expression);
        switch (path)
        {
            case [var name, "value"] when (string?)resource["type"] == "parameter.v0":
                into.Append(SettingOf(name, resource));
                break;
            case [_, "connectionString"] when resource["connectionString"] is { } text:
                Resolve((string)text!, into);
                break;
            case [var name, "bindings", var binding, var property]:
                _calls.Add(name);
                var bound = resource["bindings"]?[binding] as JsonObject ?? throw NotUnderstood(expression);
                ResolveBinding(name, bound, property, into);
                break;
            default:
                throw NotUnderstood(expression);
        }
    }

    private void ResolveBinding(string name, JsonObject binding, string property, Template into)
    {
        var port = ((int?)binding["targetPort"] ?? ProjectPort).ToString(CultureInfo.InvariantCulture);
        switch (property)
        {
            case "host":
                into.Append(name);
                break;
            case "port" or "targetPort":
                into.Append(port);
                break;
            case "url" when (bool?)binding["external"] == true:
                // Others are told where callers from outside find it: inside, nobody asks.
                into.Append(Use(new Setting($"{Upper(name)}_URL", IsSecret: false,
                    $"The address at which callers from outside reach {name}, as in https://workflows.example.")));
                break;
            case "url":
                into.Append($"http://{name}:{port}");
                break;
            default:
                throw NotUnderstood($"{name}.bindings.*.{property}");
        }
    }

    private Setting SettingOf(string name, JsonObject parameter)
    {
        var input = parameter["inputs"]?["value"] ?? throw NotUnderstood(name);
        var isSecret = (bool?)input["secret"] ?? false;
        var minLength = (int?)input["default"]?["generate"]?["minLength"];
        return Use(new Setting(
            Upper(name),
            isSecret,
            isSecret
                ? $"{minLength ?? MinSecretLength} letters and digits or more, nothing else."
                : $"The parameter {name} of the AppHost."));
    }

    private Setting Use(Setting setting)
    {
        _settings.TryAdd(setting.Name, setting);
        return _settings[setting.Name];
    }

    private static string Upper(string name) => name.ToUpperInvariant().Replace('-', '_');

    private static DistributedApplicationException NotUnderstood(string expression) =>
        new($"Compose and Kubernetes cannot be told {{{expression}}}.");

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Expression();

    [GeneratedRegex(@"^\{[^{}]+\.bindings\.https\.url\}$")]
    private static partial Regex HttpsUrl();
}

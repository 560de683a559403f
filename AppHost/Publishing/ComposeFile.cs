using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Workflows.AppHost.Local;

namespace Workflows.AppHost.Publishing;

/// <summary>Docker Compose's view of a manifest. What the manifest does not say (who waits for whom, replicas) comes from the model.</summary>
internal sealed partial class ComposeFile
{
    private const int ProjectPort = 8080;

    private readonly JsonObject _manifest;
    private readonly DistributedApplicationModel _model;
    private readonly SortedDictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly JsonObject _volumes = [];

    public ComposeFile(JsonObject manifest, DistributedApplicationModel model)
    {
        (_manifest, _model) = (manifest, model);
        var services = new JsonObject(manifest
            .Where(resource => (string?)resource.Value!["type"] is "container.v0" or "container.v1" or "project.v0" or "project.v1")
            .Select(resource => KeyValuePair.Create<string, JsonNode?>(resource.Key, Service(resource.Key, resource.Value!.AsObject()))));
        Yaml = Write(new JsonObject { ["services"] = services, ["volumes"] = _volumes }, 0);
    }

    public string Yaml { get; }

    /// <summary>What whoever deploys has to fill in: secrets, images, ports.</summary>
    public IReadOnlyDictionary<string, string> Environment => _environment;

    private JsonObject Service(string name, JsonObject resource)
    {
        var service = new JsonObject
        {
            ["image"] = (string?)resource["image"] ?? Variable($"{name}-image", $"workflows-{name}:latest"),
            ["restart"] = "unless-stopped",
        };
        if (resource["entrypoint"] is { } entrypoint)
        {
            service["entrypoint"] = new JsonArray(entrypoint.DeepClone());
        }

        if (resource["args"] is JsonArray arguments)
        {
            // A dollar sign of the program's own is doubled: compose would put in a variable of its own.
            service["command"] = new JsonArray([.. arguments.Select(argument =>
                JsonValue.Create(Resolve(((string)argument!).Replace("$", "$$", StringComparison.Ordinal))))]);
        }

        if (resource["env"] is JsonObject variables)
        {
            service["environment"] = new JsonObject(variables.Select(entry =>
                KeyValuePair.Create<string, JsonNode?>(entry.Key, JsonValue.Create(Resolve((string)entry.Value!)))));
        }

        AddVolumes(service, resource);
        var bindings = resource["bindings"] as JsonObject ?? [];
        if (bindings.Any(binding => (bool?)binding.Value!["external"] == true))
        {
            service["ports"] = new JsonArray(JsonValue.Create($"{Variable($"{name}-port", "8080")}:{ProjectPort}"));
        }

        AddOrder(service, _model.Resources.Single(candidate => candidate.Name == name));
        return service;
    }

    private void AddVolumes(JsonObject service, JsonObject resource)
    {
        if (resource["volumes"] is not JsonArray mounts)
        {
            return;
        }

        service["volumes"] = new JsonArray([.. mounts.Select(mount => JsonValue.Create($"{mount!["name"]}:{mount["target"]}"))]);
        foreach (var mount in mounts)
        {
            _volumes[(string)mount!["name"]!] = new JsonObject();
        }
    }

    private static void AddOrder(JsonObject service, IResource resource)
    {
        var awaited = resource.Annotations.OfType<WaitAnnotation>()
            .Select(wait => wait.Resource is IResourceWithParent { Parent: var parent } ? parent.Name : wait.Resource.Name)
            .Distinct()
            .ToList();
        if (awaited.Count > 0)
        {
            service["depends_on"] = new JsonArray([.. awaited.Select(name => JsonValue.Create(name))]);
        }

        if (resource.GetReplicaCount() is > 1 and var replicas)
        {
            service["deploy"] = new JsonObject { ["replicas"] = replicas };
        }
    }

    private string Variable(string name, string value)
    {
        var variable = name.ToUpperInvariant().Replace('-', '_');
        _environment[variable] = value;
        return $"${{{variable}}}";
    }

    private string Resolve(string text) => Expression().Replace(text, match => Value(match.Groups[1].Value.Split('.')));

    private string Value(string[] path)
    {
        var resource = _manifest[path[0]]!.AsObject();
        return (string?)resource["type"] switch
        {
            "parameter.v0" => Variable(path[0], string.Empty),
            "annotated.string" => Resolve((string)resource["value"]!), // generated secrets have no characters that an address would encode
            _ when path[1] == "connectionString" => Resolve((string?)resource["connectionString"] ?? string.Empty),
            _ when path is [_, "bindings", var endpoint, var property] => Binding(path[0], resource["bindings"]![endpoint]!, property),
            _ => throw new DistributedApplicationException($"docker-compose.yaml cannot say {{{string.Join('.', path)}}}."),
        };
    }

    private static string Binding(string service, JsonNode binding, string property)
    {
        var port = ((int?)binding["targetPort"] ?? ProjectPort).ToString(CultureInfo.InvariantCulture);
        return property switch
        {
            "host" => service,
            "port" or "targetPort" => port,
            "scheme" => (string)binding["scheme"]!,
            "url" => $"http://{service}:{port}",
            _ => throw new DistributedApplicationException($"docker-compose.yaml cannot say the {property} of {service}."),
        };
    }

    [GeneratedRegex(@"(?<!\$)\{([^{}]+)\}")]
    private static partial Regex Expression();

    // A JSON string is a YAML string.
    private static string Write(JsonNode? node, int depth)
    {
        var text = new StringBuilder();
        var indent = new string(' ', 2 * depth);
        switch (node)
        {
            case JsonObject { Count: > 0 } members:
                foreach (var (name, value) in members)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{indent}{name}:{(value is JsonObject { Count: > 0 } or JsonArray ? "\n" : string.Empty)}{Write(value, depth + 1)}");
                }

                return text.ToString();
            case JsonArray items:
                foreach (var item in items)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{indent}-{Write(item, depth + 1)}");
                }

                return text.ToString();
            default:
                return $" {JsonSerializer.Serialize(node, LocalFile.Indented)}\n";
        }
    }
}

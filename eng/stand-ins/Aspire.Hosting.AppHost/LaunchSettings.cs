using System.Text.Json;
using System.Text.Json.Serialization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

public sealed class LaunchSettings
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    public Dictionary<string, LaunchProfile> Profiles { get; set; } = [];

    internal static LaunchSettings? Read(string projectPath)
    {
        var file = Path.Combine(Path.GetDirectoryName(projectPath)!, "Properties", "launchSettings.json");
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<LaunchSettings>(File.ReadAllText(file), Options);
        }
        catch (JsonException exception)
        {
            throw new DistributedApplicationException($"{file} is not valid: {exception.Message}", exception);
        }
    }
}

public sealed class LaunchProfile
{
    public string? CommandName { get; set; }

    public string? CommandLineArgs { get; set; }

    public string? ApplicationUrl { get; set; }

    public bool? DotnetRunMessages { get; set; }

    public bool? LaunchBrowser { get; set; }

    [JsonObjectCreationHandling(JsonObjectCreationHandling.Replace)]
    public Dictionary<string, string> EnvironmentVariables { get; set; } = [];
}

/// <summary>The profile in force: the one asked for, else the AppHost's own by name, else the first of the project.</summary>
internal sealed class EffectiveLaunchProfile : IResourceAnnotation
{
    private EffectiveLaunchProfile(string name, LaunchProfile profile) => (Name, Profile) = (name, profile);

    public string Name { get; }

    public LaunchProfile Profile { get; }

    public static EffectiveLaunchProfile? Select(
        IProjectMetadata project, ProjectResourceOptions options, IConfiguration configuration)
    {
        if (options.ExcludeLaunchProfile || project.LaunchSettings is not { } settings)
        {
            return null;
        }

        var profiles = settings.Profiles.Where(entry => entry.Value.CommandName is "Project" or null).ToDictionary();
        if (options.LaunchProfileName is { } wanted)
        {
            return profiles.TryGetValue(wanted, out var asked)
                ? new EffectiveLaunchProfile(wanted, asked)
                : throw new DistributedApplicationException(
                    $"Launch settings file of {project.ProjectPath} does not contain the launch profile '{wanted}'.");
        }

        if (configuration["DOTNET_LAUNCH_PROFILE"] is { } own && profiles.TryGetValue(own, out var same))
        {
            return new EffectiveLaunchProfile(own, same);
        }

        return profiles.Count > 0 ? new EffectiveLaunchProfile(profiles.First().Key, profiles.First().Value) : null;
    }
}

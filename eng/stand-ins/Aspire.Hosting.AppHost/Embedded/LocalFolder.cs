using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Embedded;

/// <summary>
/// The git-ignored folder <c>.local</c> beside the AppHost's: data of the servers, logs, addresses, generated secrets.
/// Files with secrets are readable by their owner only, and are replaced as a whole or not at all.
/// </summary>
internal sealed class LocalFolder
{
    public const string ParametersFile = "parameters.json";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly Lock _lock = new();
    private readonly string? _serversBin;

    public LocalFolder(IConfiguration configuration, string appHostDirectory)
    {
        Repository = FindRepository(appHostDirectory) ?? FindRepository(AppContext.BaseDirectory) ?? appHostDirectory;
        Root = Path.GetFullPath(configuration["Embedded:LocalFolder"] ?? Path.Combine(Repository, ".local"));
        _serversBin = configuration["WORKFLOWS_SERVERS_BIN"];
        Directory.CreateDirectory(Logs);
        Directory.CreateDirectory(Pids);
        Directory.CreateDirectory(Commands);
    }

    /// <summary>The folder above that has eng/provision.</summary>
    public string Repository { get; }

    public string Root { get; }

    public string Logs => Path.Combine(Root, "logs");

    public string Pids => Path.Combine(Root, "pids");

    public string Commands => Path.Combine(Root, "commands");

    public string PathOf(string name) => Path.Combine(Root, name);

    public string Script(string name) => Path.Combine(Repository, "eng", "provision", name);

    /// <summary>The folder of postgres, initdb and redis-server.</summary>
    public string ServersBin()
    {
        var bin = string.IsNullOrWhiteSpace(_serversBin) ? Path.Combine(Root, "servers", "bin") : _serversBin;
        return File.Exists(Path.Combine(bin, "postgres"))
            ? bin
            : throw new DistributedApplicationException(
                $"There are no embedded servers in {bin}. ./run provisions them; or run eng/provision/provision.sh {Path.Combine(Root, "servers")}.");
    }

    public string? ReadParameter(string key)
    {
        lock (_lock)
        {
            return (string?)ReadObject(ParametersFile)[key];
        }
    }

    public void WriteParameter(string key, string value)
    {
        lock (_lock)
        {
            var parameters = ReadObject(ParametersFile);
            parameters[key] = value;
            WriteJson(ParametersFile, parameters);
        }
    }

    public JsonObject ReadObject(string name)
    {
        var file = PathOf(name);
        return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsObject() : [];
    }

    public void WriteJson(string name, JsonNode content) => WriteText(name, content.ToJsonString(Indented) + "\n");

    public void WriteText(string name, string content)
    {
        var temporary = PathOf($"{name}.new");
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var writer = new StreamWriter(temporary, options))
        {
            writer.Write(content);
        }

        File.Move(temporary, PathOf(name), overwrite: true);
    }

    private static string? FindRepository(string? directory)
    {
        while (directory is not null && !File.Exists(Path.Combine(directory, "eng", "provision", "launch.sh")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory;
    }
}

/// <summary>Generates a value once and keeps it, as the original does with user secrets.</summary>
internal sealed class PersistedParameterDefault(LocalFolder local, string key, ApplicationModel.ParameterDefault inner)
    : ApplicationModel.ParameterDefault
{
    public override string GetDefaultValue()
    {
        if (local.ReadParameter(key) is { } kept)
        {
            return kept;
        }

        var generated = inner.GetDefaultValue();
        local.WriteParameter(key, generated);
        return generated;
    }
}

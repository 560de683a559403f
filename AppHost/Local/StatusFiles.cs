using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Workflows.AppHost.Local;

/// <summary>
/// What runs, for scripts: <c>processes.json</c>, the same as a table in <c>status.txt</c>, and <c>ready</c> once
/// everything has been ready at the same time.
/// </summary>
internal sealed class StatusFiles(string folder, Instances instances)
{
    private static readonly string[] Names = ["ready", "failed", "processes.json", "status.txt", "apphost.pid"];

    private bool _isReady;

    public void Begin()
    {
        Clear();
        LocalFile.Write(PathOf("apphost.pid"), $"{Environment.ProcessId}");
    }

    public void Clear()
    {
        foreach (var name in Names)
        {
            File.Delete(PathOf(name));
        }
    }

    public void Write()
    {
        var all = instances.All();
        LocalFile.Write(PathOf("processes.json"), new JsonObject
        {
            ["appHost"] = Environment.ProcessId,
            ["processes"] = new JsonArray([.. all.Select(Describe)]),
        }.ToJsonString(LocalFile.Indented));

        var table = new StringBuilder();
        foreach (var instance in all)
        {
            table.AppendLine(CultureInfo.InvariantCulture,
                $"  {instance.Name,-12}{instance.State,-12}{instance.Health,-11}{instance.Pid,-8}{instance.Url}");
        }

        LocalFile.Write(PathOf("status.txt"), table.ToString().TrimEnd());
        if (!_isReady && instances.AreAllReady())
        {
            _isReady = true;
            LocalFile.Write(PathOf("ready"), string.Empty);
        }
    }

    private static JsonObject Describe(Instance instance) => new()
    {
        ["resource"] = instance.Resource.Name,
        ["replica"] = instance.Replica,
        ["name"] = instance.Name,
        ["pid"] = instance.Pid,
        ["url"] = instance.Url,
        ["state"] = instance.State,
        ["health"] = instance.Health?.ToString(),
        ["exitCode"] = instance.ExitCode,
    };

    private string PathOf(string name) => Path.Combine(folder, name);
}

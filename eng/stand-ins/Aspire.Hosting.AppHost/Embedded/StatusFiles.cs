using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Embedded;

/// <summary>
/// What scripts may read: <c>processes.json</c> (resource, replica, pid, port, state) for those that kill or measure,
/// <c>status.txt</c> for people, and <c>ready</c> or <c>failed</c> once that is decided.
/// </summary>
internal sealed class StatusFiles(LocalFolder local, ResourceNotificationService notifications)
{
    public const string Processes = "processes.json", Table = "status.txt", Ready = "ready", Failed = "failed", AppHostPid = "apphost.pid";

    private readonly Lock _lock = new();

    public void Begin()
    {
        File.Delete(local.PathOf(Ready));
        File.Delete(local.PathOf(Failed));
        local.WriteText(AppHostPid, $"{Environment.ProcessId}\n");
    }

    public void End()
    {
        foreach (var name in (string[])[Ready, Failed, Processes, Table, AppHostPid])
        {
            File.Delete(local.PathOf(name));
        }
    }

    public void MarkReady() => local.WriteText(Ready, string.Empty);

    public void MarkFailed() => local.WriteText(Failed, string.Empty);

    public void Write(IReadOnlyList<ResourceInstance> instances)
    {
        lock (_lock)
        {
            local.WriteText(Table, TableOf(instances));
            local.WriteJson(Processes, new JsonObject
            {
                ["appHost"] = Environment.ProcessId,
                ["processes"] = new JsonArray([.. instances.Select(Describe)]),
            });
        }
    }

    public string TableOf(IReadOnlyList<ResourceInstance> instances)
    {
        string[][] rows =
        [
            ["resource", "state", "pid", "address"],
            .. instances.Select(instance => (string[])
            [
                instance.Name,
                ConsoleOutput.Describe(StatusOf(instance)),
                instance.State == KnownResourceStates.Running ? instance.Process!.Id.ToString(CultureInfo.InvariantCulture) : "-",
                instance.Url ?? "-",
            ]),
        ];
        var widths = Enumerable.Range(0, 4).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            text.AppendLine("  " + string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }

        return text.ToString();
    }

    /// <summary>Health belongs to the resource; state and exit code to the single process.</summary>
    private ResourceStatus StatusOf(ResourceInstance instance) =>
        notifications.Get(instance.Resource.Name) with { State = instance.State, ExitCode = instance.ExitCode };

    private JsonObject Describe(ResourceInstance instance) => new()
    {
        ["resource"] = instance.Resource.Name,
        ["replica"] = instance.Replica,
        ["name"] = instance.Name,
        ["pid"] = instance.State == KnownResourceStates.Running ? instance.Process!.Id : null,
        ["port"] = instance.Ports.Count > 0 ? instance.Ports.First().Value : null,
        ["url"] = instance.Url,
        ["state"] = instance.State,
        ["health"] = instance.State == KnownResourceStates.Running ? notifications.Get(instance.Resource.Name).Health?.ToString() : null,
        ["exitCode"] = instance.ExitCode,
        ["startedAt"] = instance.StartedAt,
    };
}

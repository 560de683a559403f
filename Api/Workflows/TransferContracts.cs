using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Workflows;

/// <summary>A workflow, job or folder as one file: without ids and times, each list in the order of names, so that two
/// exports of the same are equal and a change shows where it is.</summary>
/// <param name="Format">Always <c>workflows.export</c>.</param>
/// <param name="Schema">Version of the format, 1.</param>
/// <param name="Type">workflow, job or folder: what the file is of.</param>
/// <param name="Requires">What the workflows name and the file does not hold. Information only: an import looks for
/// itself.</param>
internal sealed record ExportFile(
    string Format = "", int Schema = 0, string Type = "", IReadOnlyList<ExportedFolder>? Folders = null,
    IReadOnlyList<ExportedJob>? Jobs = null, IReadOnlyList<ExportedWorkflow>? Workflows = null,
    ExportRequires? Requires = null)
{
    public const string FormatName = "workflows.export";
    public const int CurrentSchema = 1;
}

/// <param name="Path">The names of the folders from the exported one down to it.</param>
internal sealed record ExportedFolder(IReadOnlyList<string> Path, string Description = "");

/// <param name="Folder">The path of its folder; empty where the file is of a job.</param>
internal sealed record ExportedJob(
    IReadOnlyList<string> Folder, string Name, string Description = "", string Environment = "production",
    JsonElement? Settings = null, IReadOnlyList<ExportedDependency>? Dependencies = null);

/// <summary>By the names of workflows of the job.</summary>
internal sealed record ExportedDependency(string Workflow, IReadOnlyList<string> DependsOn);

/// <param name="Job">The path of its job: its folder's path and the job's name; empty where the file is of a
/// workflow.</param>
internal sealed record ExportedWorkflow(
    IReadOnlyList<string> Job, string Name, JsonElement Definition, string Description = "",
    string Environment = "production", IReadOnlyList<string>? Tags = null, bool Enabled = true,
    WorkflowNotifications? NotificationSettings = null);

/// <summary>Names.</summary>
internal sealed record ExportRequires(
    IReadOnlyList<string> Connectors, IReadOnlyList<string> CustomNodes, IReadOnlyList<string> Secrets,
    IReadOnlyList<string> Variables, IReadOnlyList<string> Calendars, IReadOnlyList<string> Workflows,
    IReadOnlyList<string> Models);

/// <param name="Check">True: says what would come of it, and writes nothing.</param>
/// <param name="Name">Another name for what the file is of.</param>
internal sealed record ImportQuery(
    [property: FromQuery(Name = "check")] bool? Check, [property: FromQuery(Name = "name")] string? Name);

/// <summary>Something that workflows of the file name and that the tenant does not have.</summary>
/// <param name="Type">CONNECTOR, CUSTOM_NODE, SECRET, VARIABLE, CALENDAR or WORKFLOW.</param>
internal sealed record MissingResource(string Type, string Name);

/// <param name="Id">Of the workflow, job or folder that was made; null where it was only checked.</param>
/// <param name="CanImport">Whether it was, or would be, imported.</param>
/// <param name="Missing">What must be there before the workflows can be published or run.</param>
/// <param name="Problems">Why it cannot be imported, each with its place in the file.</param>
internal sealed record ImportView(
    Guid? Id, bool CanImport, int Folders, int Jobs, int Workflows, IReadOnlyList<MissingResource> Missing,
    IReadOnlyList<ErrorDetail> Problems);

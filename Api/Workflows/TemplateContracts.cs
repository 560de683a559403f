using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Workflows;

/// <param name="Text">Words that title, description, tags and node types are searched for, in capital letters or not:
/// each of them must be there. All templates when left out.</param>
/// <param name="Category">start, people, schedule, data or reliability; all when left out.</param>
internal sealed record TemplateQuery(
    [property: FromQuery(Name = "q")] string? Text, [property: FromQuery(Name = "category")] string? Category);

/// <summary>Something to fill in or to have before a workflow made of the template can run for real.</summary>
/// <param name="Node">The id of the node it is about; null = the workflow as a whole.</param>
internal sealed record TemplateNote(string? Node, string Text);

/// <summary>A run that a test of every release makes and compares: without effects, by the engine that runs
/// everything.</summary>
/// <param name="Input">What the execution is started with.</param>
/// <param name="Pins">By node id what nodes answer that reach outside: fit for <c>PUT workflows/{id}/pins</c>.</param>
/// <param name="Status">completed or failed.</param>
/// <param name="Output">The result of a completed one.</param>
/// <param name="Code">The code of the error of a failed one.</param>
internal sealed record TemplateExample(
    string Title, RawJson Input, RawJson Pins, string Status, RawJson? Output, string? Code);

/// <param name="Name">What it is asked for by.</param>
/// <param name="Triggers">The types of its triggers.</param>
/// <param name="NodeTypes">Each one once, in the order of the definition.</param>
/// <param name="Requires">What it names and the tenant must have: connectors, secrets, workflows and so on.</param>
internal sealed record TemplateItem(
    string Name, string Title, string Description, string Category, IReadOnlyList<string> Tags,
    IReadOnlyList<string> Triggers, IReadOnlyList<string> NodeTypes, ExportRequires Requires);

/// <param name="Input">That of the first example.</param>
/// <param name="Notes">What has to be filled in.</param>
internal sealed record TemplateView(
    string Name, string Title, string Description, string Category, IReadOnlyList<string> Tags,
    IReadOnlyList<string> Triggers, IReadOnlyList<string> NodeTypes, ExportRequires Requires, RawJson Definition,
    RawJson Input, IReadOnlyList<TemplateNote> Notes, IReadOnlyList<TemplateExample> Examples);

/// <summary>A template as its file has it.</summary>
internal sealed record TemplateFile(
    string Name, string Title, string Description, string Category, IReadOnlyList<string> Tags,
    IReadOnlyList<TemplateNote> Notes, IReadOnlyList<ExampleOfFile> Examples, JsonElement Definition);

internal sealed record ExampleOfFile(
    string Title, JsonElement Input, JsonElement Pins, string Status, JsonElement? Output = null, string? Code = null);

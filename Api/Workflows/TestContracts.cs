using System.Text.Json;
using Workflows.Api.Http;

namespace Workflows.Api.Workflows;

/// <param name="Pins">The whole of it: by the id of a node its output, any JSON.</param>
internal sealed record PinsRequest(IReadOnlyDictionary<string, JsonElement> Pins);

/// <param name="Version">0 while nobody has pinned anything.</param>
internal sealed record PinsView(Guid WorkflowId, int Version, DateTimeOffset? UpdatedAt, RawJson Pins);

/// <param name="Definition">What is tested; or else a source.</param>
/// <param name="Source">working-copy (the caller's own), draft, or the number of a version; the draft when neither is
/// given.</param>
/// <param name="UpTo">Only this node and those before it are executed; or else <paramref name="Only"/>.</param>
/// <param name="Only">Only this node is executed; those before it have their pins, or an answer such as their type
/// gives.</param>
/// <param name="Pins">By the id of a node its output; beside the pins of the workflow, and before them.</param>
/// <param name="Input">An empty object when left out.</param>
/// <param name="Effects">Whether nodes with an outside effect are executed.</param>
internal sealed record TestRequest(
    JsonElement? Definition = null,
    JsonElement? Source = null,
    string? UpTo = null,
    string? Only = null,
    IReadOnlyDictionary<string, JsonElement>? Pins = null,
    JsonElement? Input = null,
    bool Effects = false) : IOptionalBody;

/// <param name="Mode">test.</param>
/// <param name="Source">inline, working-copy, draft or version.</param>
/// <param name="BaseVersion">The version that is tested, or that the working copy was begun from; null of a definition
/// inline.</param>
/// <param name="MaxSeconds">After its start: it is over then at the latest.</param>
internal sealed record TestView(
    Guid Id,
    [property: OneOf(ClosedList.ExecutionStatus)] string Status,
    Guid WorkflowId,
    string Mode,
    string Source,
    int? BaseVersion,
    double MaxSeconds);

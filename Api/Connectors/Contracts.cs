using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Engine.Connectors;

namespace Workflows.Api.Connectors;

/// <param name="Name">What nodes call it by; stays as it is.</param>
/// <param name="Type">http, postgres, smtp or s3; <c>GET /connectors/types</c> lists their fields.</param>
/// <param name="Config">Fields of the type: text or numbers.</param>
internal sealed record CreateConnectorRequest(string Name, string Type, Dictionary<string, JsonElement> Config, string Description = "");

/// <param name="Config">
/// Fields to change; null removes one, and <c>***</c> keeps a secret one as it is. Where the change sends the secrets
/// elsewhere (<c>isDestination</c> of a field), none can be kept.
/// </param>
/// <param name="Status">active or disabled.</param>
internal sealed record UpdateConnectorRequest(
    Dictionary<string, JsonElement>? Config = null,
    string? Description = null,
    [property: OneOf(ClosedList.ConnectorStatus)] string? Status = null);

internal sealed record ConnectorItem(
    Guid Id,
    string Name,
    string Type,
    string Description,
    [property: OneOf(ClosedList.ConnectorStatus)] string Status,
    DateTimeOffset? TestedAt,
    bool? TestSucceeded,
    string? TestMessage,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="Config">Secret fields read <c>***</c>.</param>
internal sealed record ConnectorView(
    Guid Id,
    string Name,
    string Type,
    string Description,
    [property: OneOf(ClosedList.ConnectorStatus)] string Status,
    IReadOnlyDictionary<string, string> Config,
    DateTimeOffset? TestedAt,
    bool? TestSucceeded,
    string? TestMessage,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

internal sealed record ConnectorTestView(bool Succeeded, string Message, DateTimeOffset TestedAt);

internal sealed record ConnectorTypeView(string Name, string Summary, IReadOnlyList<ConnectorField> Fields);

namespace Workflows.Api.Operator;

/// <summary>A tenant as the operator sees it.</summary>
/// <param name="Slug">Names it in addresses of webhooks and at the login.</param>
/// <param name="Status">active, suspended or closed.</param>
/// <param name="Settings">JSON object of what the operator set.</param>
internal sealed record TenantRow(Guid TenantId, string Slug, string Name, string Status, string Settings,
    DateTimeOffset CreatedAt);

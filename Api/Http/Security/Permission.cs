using System.Collections.Frozen;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Http.Security;

/// <summary>What a caller may do. Closed: a scope of an API key and a permission of a role is one of these or nothing.</summary>
[Flags]
internal enum Permission : ulong
{
    /// <summary>Any known caller, for what concerns only the caller.</summary>
    None = 0,
    WorkspacesRead = 1 << 0,
    WorkspacesWrite = 1 << 1,
    WorkflowsRead = 1 << 2,
    WorkflowsWrite = 1 << 3,
    WorkflowsPublish = 1 << 4,
    ExecutionsRead = 1 << 5,
    ExecutionsStart = 1 << 6,
    ExecutionsManage = 1 << 7,
    EventsRead = 1 << 8,
    EventsPublish = 1 << 9,
    SearchRead = 1 << 10,
    ActivityRead = 1 << 11,
    ApiKeysManage = 1 << 12,
    UsersRead = 1 << 13,
    UsersManage = 1 << 14,
    TenantManage = 1 << 15,
    RulesRead = 1 << 16,
    RulesWrite = 1 << 17,
    SchedulesRead = 1 << 18,
    SchedulesWrite = 1 << 19,
    ApprovalsRead = 1 << 20,
    ApprovalsDecide = 1 << 21,
    ConnectorsRead = 1 << 22,
    ConnectorsWrite = 1 << 23,
    SecretsManage = 1 << 24,
    ContextRead = 1 << 25,
    ContextWrite = 1 << 26,
    SessionsUse = 1 << 27,

    /// <summary>Figures of all tenants. Like the next one for callers of the platform's own tenant only.</summary>
    PlatformRead = 1 << 28,

    /// <summary>Tenants themselves: their making, limits, suspension and end.</summary>
    PlatformManage = 1 << 29,

    /// <summary>Sees every object of the tenant, and not only those that were granted. Part of each role and key but
    /// those that say otherwise; it has no name of its own.</summary>
    AllObjects = 1 << 30,

    /// <summary>The tenant's billing address and invoices.</summary>
    BillingRead = 1UL << 40,
    BillingManage = 1UL << 41,
    TermsManage = 1UL << 42,

    /// <summary>Tickets of all people of the tenant; everybody has their own.</summary>
    TicketsManage = 1UL << 43,
    AnnouncementsManage = 1UL << 44,

    /// <summary>What the tenant uses, and its budgets.</summary>
    UsageRead = 1UL << 45,
    BudgetsManage = 1UL << 46,

    /// <summary>Which language models there are, and what they were asked.</summary>
    ModelsRead = 1UL << 47,
    ModelsWrite = 1UL << 48,

    /// <summary>One's own conversations with models, which cost.</summary>
    ChatUse = 1UL << 49,

    /// <summary>Articles, their files, and vectors that clients bring.</summary>
    KnowledgeRead = 1UL << 50,
    KnowledgeWrite = 1UL << 51,

    /// <summary>Prompt cards, their tests and figures; the last asks models, which costs.</summary>
    PromptsRead = 1UL << 52,
    PromptsWrite = 1UL << 53,
    PromptsRun = 1UL << 54,
}

/// <summary>Permissions by the names that clients, roles and API keys use.</summary>
internal static class Permissions
{
    public static IReadOnlyList<KeyValuePair<string, Permission>> All { get; } =
    [
        new("workspaces.read", Permission.WorkspacesRead),
        new("workspaces.write", Permission.WorkspacesWrite),
        new("workflows.read", Permission.WorkflowsRead),
        new("workflows.write", Permission.WorkflowsWrite),
        new("workflows.publish", Permission.WorkflowsPublish),
        new("executions.read", Permission.ExecutionsRead),
        new("executions.start", Permission.ExecutionsStart),
        new("executions.manage", Permission.ExecutionsManage),
        new("events.read", Permission.EventsRead),
        new("events.publish", Permission.EventsPublish),
        new("search.read", Permission.SearchRead),
        new("activity.read", Permission.ActivityRead),
        new("apikeys.manage", Permission.ApiKeysManage),
        new("users.read", Permission.UsersRead),
        new("users.manage", Permission.UsersManage),
        new("tenant.manage", Permission.TenantManage),
        new("rules.read", Permission.RulesRead),
        new("rules.write", Permission.RulesWrite),
        new("schedules.read", Permission.SchedulesRead),
        new("schedules.write", Permission.SchedulesWrite),
        new("approvals.read", Permission.ApprovalsRead),
        new("approvals.decide", Permission.ApprovalsDecide),
        new("connectors.read", Permission.ConnectorsRead),
        new("connectors.write", Permission.ConnectorsWrite),
        new("secrets.manage", Permission.SecretsManage),
        new("context.read", Permission.ContextRead),
        new("context.write", Permission.ContextWrite),
        new("sessions.use", Permission.SessionsUse),
        new("billing.read", Permission.BillingRead),
        new("billing.manage", Permission.BillingManage),
        new("terms.manage", Permission.TermsManage),
        new("tickets.manage", Permission.TicketsManage),
        new("announcements.manage", Permission.AnnouncementsManage),
        new("usage.read", Permission.UsageRead),
        new("budgets.manage", Permission.BudgetsManage),
        new("models.read", Permission.ModelsRead),
        new("models.write", Permission.ModelsWrite),
        new("chat.use", Permission.ChatUse),
        new("knowledge.read", Permission.KnowledgeRead),
        new("knowledge.write", Permission.KnowledgeWrite),
        new("prompts.read", Permission.PromptsRead),
        new("prompts.write", Permission.PromptsWrite),
        new("prompts.run", Permission.PromptsRun),
        new("platform.read", Permission.PlatformRead),
        new("platform.manage", Permission.PlatformManage),
    ];

    /// <summary>What callers of the platform's own tenant may at most: it has people and tenants, and nothing that
    /// runs.</summary>
    private const Permission InPlatform = Permission.PlatformRead | Permission.PlatformManage | Permission.UsersRead
        | Permission.UsersManage | Permission.ApiKeysManage | Permission.ActivityRead | Permission.TenantManage
        | Permission.AllObjects | Permission.TermsManage | Permission.AnnouncementsManage;

    /// <summary>
    /// What somebody may have who sees only what was granted to them: all else concerns the tenant as a whole.
    /// </summary>
    public const Permission OfGranted = Permission.WorkspacesRead | Permission.WorkspacesWrite
        | Permission.WorkflowsRead | Permission.WorkflowsWrite | Permission.WorkflowsPublish | Permission.ExecutionsRead
        | Permission.ExecutionsStart | Permission.ExecutionsManage | Permission.SearchRead | Permission.ActivityRead
        | Permission.SchedulesRead | Permission.SchedulesWrite | Permission.ApprovalsRead | Permission.ApprovalsDecide
        | Permission.ConnectorsRead | Permission.ContextRead | Permission.ContextWrite | Permission.ModelsRead
        | Permission.ChatUse | Permission.KnowledgeRead | Permission.KnowledgeWrite | Permission.PromptsRead
        | Permission.PromptsWrite | Permission.PromptsRun;

    /// <summary>What callers of other tenants may never.</summary>
    private const Permission AboveTenants = Permission.PlatformRead | Permission.PlatformManage;

    private static readonly FrozenDictionary<string, Permission> ByName = All.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool IsKnown(string name) => ByName.ContainsKey(name);

    /// <summary>The set; names this release does not know grant nothing.</summary>
    public static Permission Of(IEnumerable<string> names)
    {
        var set = Permission.None;
        foreach (var name in names)
        {
            set |= ByName.GetValueOrDefault(name);
        }

        return set;
    }

    /// <summary>The set with its reach: over the whole tenant, or over what was granted.</summary>
    public static Permission Reaching(Permission set, bool onlyGranted) =>
        onlyGranted ? set & OfGranted : set | Permission.AllObjects;

    /// <summary>What of a set counts in a tenant, whatever its roles and keys say.</summary>
    public static Permission Within(Guid tenantId, Permission set) =>
        tenantId == PlatformTenant.Id ? set & InPlatform : set & ~AboveTenants;

    /// <summary>Names of all that somebody of an ordinary tenant can be given.</summary>
    public static string[] OfTenants() => Names(~AboveTenants);

    public static string[] Names(Permission set) => [.. All.Where(permission => set.HasFlag(permission.Value)).Select(permission => permission.Key)];
}

/// <summary>
/// The roles that every tenant has from its first moment. What they grant is what this release says here, also in tenants made before it; the list stored with
/// them is only what they granted when the tenant was made.
/// </summary>
internal static class BuiltInRoles
{
    public const string Owner = "owner";

    /// <summary>Sees what was granted, and no more.</summary>
    public const string Member = "member";

    private const Permission Viewer = Permission.WorkspacesRead | Permission.WorkflowsRead | Permission.ExecutionsRead
        | Permission.EventsRead | Permission.SearchRead | Permission.RulesRead | Permission.SchedulesRead | Permission.ConnectorsRead
        | Permission.ContextRead | Permission.ApprovalsRead | Permission.ApprovalsDecide | Permission.UsageRead
        | Permission.ModelsRead | Permission.KnowledgeRead | Permission.PromptsRead;

    private const Permission Operator = Viewer | Permission.ExecutionsStart | Permission.ExecutionsManage | Permission.EventsPublish
        | Permission.ActivityRead | Permission.SessionsUse | Permission.ChatUse | Permission.PromptsRun;

    private const Permission Editor = Viewer | Permission.WorkspacesWrite | Permission.WorkflowsWrite | Permission.WorkflowsPublish
        | Permission.ExecutionsStart | Permission.ExecutionsManage | Permission.EventsPublish | Permission.ActivityRead | Permission.RulesWrite
        | Permission.SchedulesWrite | Permission.ContextWrite | Permission.SessionsUse | Permission.ChatUse
        | Permission.KnowledgeWrite | Permission.PromptsWrite | Permission.PromptsRun;

    private const Permission Admin = Editor | Permission.ConnectorsWrite | Permission.SecretsManage
        | Permission.ApiKeysManage | Permission.UsersRead | Permission.UsersManage | Permission.BillingRead
        | Permission.TermsManage | Permission.TicketsManage | Permission.AnnouncementsManage | Permission.BudgetsManage
        | Permission.ModelsWrite;

    private const Permission PlatformViewer = Permission.PlatformRead | Permission.ActivityRead;

    private const Permission PlatformOperator = PlatformViewer | Permission.PlatformManage | Permission.TermsManage
        | Permission.AnnouncementsManage;

    public static IReadOnlyList<KeyValuePair<string, Permission>> All { get; } =
    [
        new(Owner, Admin | Permission.TenantManage | Permission.BillingManage),
        new("admin", Admin),
        new("editor", Editor),
        new("operator", Operator),
        new("viewer", Viewer),
        new(Member, Permissions.OfGranted),
    ];

    /// <summary>Those of the platform's own tenant.</summary>
    public static IReadOnlyList<KeyValuePair<string, Permission>> Platform { get; } =
    [
        new(
            Owner,
            PlatformOperator | Permission.UsersRead | Permission.UsersManage | Permission.ApiKeysManage
                | Permission.TenantManage),
        new("operator", PlatformOperator),
        new("viewer", PlatformViewer),
    ];

    private static readonly FrozenDictionary<string, Permission> ByName = All.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Permission> ByPlatformName =
        Platform.ToFrozenDictionary(StringComparer.Ordinal);

    public static Permission Of(Guid tenantId, IEnumerable<string> names)
    {
        var known = tenantId == PlatformTenant.Id ? ByPlatformName : ByName;
        return names.Aggregate(Permission.None, (set, name) => set | known.GetValueOrDefault(name));
    }

    /// <summary>What a role grants now, built-in or the tenant's own.</summary>
    public static Permission Of(Role role) => Permissions.Reaching(
        role.BuiltIn ? Of(role.TenantId, [role.Name]) : Permissions.Of(role.Permissions), role.OnlyGranted);
}

/// <summary>What a route asks of its caller. Every route of the API has one, or says that it is open to anybody.</summary>
internal sealed record PermissionRequirement(Permission Permission);

/// <summary>Marks what people may do who have not accepted terms that are required: read and accept them, and
/// leave.</summary>
internal sealed record OpenBeforeTerms;

internal static class PermissionExtensions
{
    /// <summary>Callers without the permission get 403, unknown ones 401.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder builder, Permission permission)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new PermissionRequirement(permission));

    /// <summary>Fails the start when a route forgot to say who may use it.</summary>
    public static void VerifyPermissions(this IEndpointRouteBuilder routes)
    {
        var silent = routes.DataSources.SelectMany(source => source.Endpoints)
            .Where(endpoint => endpoint.Metadata.GetMetadata<PermissionRequirement>() is null
                && endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAllowAnonymous>() is null)
            .Select(endpoint => endpoint.DisplayName).ToArray();
        if (silent.Length > 0)
        {
            throw new InvalidOperationException($"Routes without a permission: {string.Join("; ", silent)}");
        }
    }
}

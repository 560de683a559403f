namespace Workflows.Api.Http.Security;

/// <summary>Who asks: a user with a session, or a client system with an API key. Always of one tenant.</summary>
/// <param name="Id">Of the user or of the API key.</param>
/// <param name="Name">For the activity list: the user's e-mail address, or the key's prefix.</param>
/// <param name="SessionId">Users only.</param>
/// <param name="PersonId">Whose grants count if it sees only what was granted: the user, or who made the key.</param>
internal sealed record Caller(
    Guid TenantId, Guid Id, string Name, Permission Permissions, Guid? SessionId, Guid? PersonId = null)
{
    private const int UserAgentLength = 300;

    public bool IsUser => SessionId is not null;

    /// <summary>Terms that are required wait for the person's acceptance.</summary>
    public bool LacksTerms { get; init; }

    /// <summary>Nobody known: whoever asks at a route that is open to anybody.</summary>
    public bool IsNobody => Id == Guid.Empty;

    public string ActorType => IsNobody ? "system" : IsUser ? "user" : "api_key";

    /// <summary>The user, where a row refers to users.</summary>
    public Guid? UserId => IsUser ? Id : null;

    /// <summary>Sees no object of the tenant but those that were granted to the person, or are theirs.</summary>
    public bool OnlyGranted => !May(Permission.AllObjects);

    public bool May(Permission permission) => (Permissions & permission) == permission;

    /// <param name="name">What stands for them in the activity list.</param>
    public static Caller Nobody(Guid tenantId, string name) =>
        new(tenantId, Guid.Empty, name, Permission.None, SessionId: null);

    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The route is open to anybody and has no caller.");

    public static string? UserAgent(HttpRequest request)
    {
        var agent = request.Headers.UserAgent.ToString();
        return agent.Length == 0 ? null : agent[..Math.Min(agent.Length, UserAgentLength)];
    }
}

namespace Workflows.Api.Http.Security;

/// <summary>Who asks: a user with a session, or a client system with an API key. Always of one tenant.</summary>
/// <param name="Id">Of the user or of the API key.</param>
/// <param name="Name">For the activity list: the user's e-mail address, or the key's prefix.</param>
/// <param name="SessionId">Users only.</param>
internal sealed record Caller(Guid TenantId, Guid Id, string Name, Permission Permissions, Guid? SessionId)
{
    private const int UserAgentLength = 300;

    public bool IsUser => SessionId is not null;

    public string ActorType => IsUser ? "user" : "api_key";

    /// <summary>The user, where a row refers to users.</summary>
    public Guid? UserId => IsUser ? Id : null;

    public bool May(Permission permission) => (Permissions & permission) == permission;

    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The route is open to anybody and has no caller.");

    public static string? UserAgent(HttpRequest request)
    {
        var agent = request.Headers.UserAgent.ToString();
        return agent.Length == 0 ? null : agent[..Math.Min(agent.Length, UserAgentLength)];
    }
}

using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Sessions;

namespace Workflows.Api.Sessions;

/// <param name="Type">ussd, or what a workflow made it.</param>
internal sealed record ConversationalSessionView(string Id, string Type, string? Msisdn, RawJson Data);

internal sealed record EndedSessionView(string Id, string Status);

/// <summary>Sessions of people with workflows, and the gateway they come through.</summary>
internal static class ConversationalSessionEndpoints
{
    public static void MapConversationalSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sessions/ussd", (RequestDelegate)(context => context.RequestServices.GetRequiredService<UssdEndpoint>().HandleAsync(context)))
            .WithTags("Sessions").Requires(Permission.SessionsUse)
            .WithSummary("Callback of a USSD gateway: answers CON or END as plain text");
        var group = routes.MapGroup("/conversational-sessions").WithTags("Sessions").Requires(Permission.SessionsUse);
        group.MapGet("/{conversationId}", GetAsync).WithSummary("Get a session; its life begins anew");
        group.MapDelete("/{conversationId}", EndAsync).WithSummary("Forget a session");
    }

    private static async Task<ApiResponse<ConversationalSessionView>> GetAsync(string conversationId, ApiRequest request, SessionStore sessions)
    {
        try
        {
            return await sessions.ReadAsync(request.Caller.TenantId, conversationId) is { } session
                ? new ConversationalSessionView(session.Id, session.Type, session.Msisdn, new RawJson(System.Text.Encoding.UTF8.GetString(session.Data)))
                : new Problem(Errors.SessionNotFound);
        }
        catch (SessionsUnavailableException)
        {
            return Away();
        }
    }

    private static async Task<ApiResponse<EndedSessionView>> EndAsync(string conversationId, ApiRequest request, SessionStore sessions)
    {
        try
        {
            return await sessions.EndAsync(request.Caller.TenantId, conversationId)
                ? new EndedSessionView(conversationId, "ended")
                : new Problem(Errors.SessionNotFound);
        }
        catch (SessionsUnavailableException)
        {
            return Away();
        }
    }

    private static Problem Away() => new(Errors.Unavailable, "Sessions cannot be reached at the moment.", retryAfter: TimeSpan.FromSeconds(2));
}

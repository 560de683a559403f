using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Sessions;

namespace Workflows.Api.Sessions;

/// <param name="Type">ussd, or what a workflow made it.</param>
/// <param name="Msisdn">Number or name of the person.</param>
/// <param name="IsActive">Always: a session that is over is not there any more.</param>
internal sealed record ConversationalSessionView(
    string Id, string Type, string? Msisdn, RawJson Data, DateTimeOffset? CreatedAt, DateTimeOffset? LastActivityAt,
    bool IsActive);

/// <param name="SessionId">The dialogue: the same for each of its messages.</param>
/// <param name="Service">The service code of the session trigger that is meant.</param>
/// <param name="Text">What the person says.</param>
/// <param name="Sender">Number or name of the person.</param>
/// <param name="Data">Beside the text for the workflow: an object of at most 64 KiB.</param>
internal sealed record MessageRequest(
    string SessionId, string Service, string Text, string Sender = "", RawJson? Data = null);

internal sealed record EndedSessionView(string Id, string Status);

/// <summary>Sessions of people with workflows, and the gateway they come through.</summary>
internal static partial class ConversationalSessionEndpoints
{
    public static void MapConversationalSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sessions/ussd",
            (RequestDelegate)(context => context.RequestServices.GetRequiredService<UssdEndpoint>()
            .HandleAsync(context)))
            .WithTags("Sessions").Requires(Permission.SessionsUse)
            .WithSummary("Callback of a USSD gateway: answers CON or END as plain text");
        var group = routes.MapGroup("/conversational-sessions").WithTags("Sessions").Requires(Permission.SessionsUse);
        group.MapPost("/{channel}", TakeAsync).WithMetadata(new NotRepeatable())
            .WithSummary("Hand a person's message to the workflow that serves it, and get what it replies");
        group.MapGet("/{conversationId}", GetAsync).WithSummary("Get a session; its life begins anew");
        group.MapDelete("/{conversationId}", EndAsync).WithSummary("Forget a session");
    }

    private static async Task<ApiResponse<PersonReply>> TakeAsync(
        string channel, Body<MessageRequest> body, ApiRequest request, Dialogues dialogues,
        CancellationToken cancellationToken)
    {
        var message = body.Value;
        if (!ChannelRule().IsMatch(channel))
        {
            return Problem.Invalid("/channel", "A channel is named by small letters, digits and -, at most 32.",
                "NAME");
        }

        if (Check(message) is { } problem)
        {
            return problem;
        }

        using var data = message.Data is { Text: { } text } ? JsonDocument.Parse(text) : null;
        var input = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                message.SessionId, msisdn = message.Sender, message.Text, input = message.Text,
                serviceCode = message.Service, channel, data = data?.RootElement,
            },
            Envelope.Json);
        var answer = JsonSerializer.SerializeToUtf8Bytes(
            new { message.Text, input = message.Text, data = data?.RootElement }, Envelope.Json);
        return await dialogues.TakeAsync(
            request.Caller,
            new PersonMessage(channel, message.SessionId, message.Sender, message.Service, input, answer),
            cancellationToken) is { } reply
            ? reply
            : new Problem(Errors.WorkflowNotFound,
                "No published workflow has a session trigger with this service code.");
    }

    private static Problem? Check(MessageRequest message)
    {
        var checks = new Checks().Name("sessionId", message.SessionId, Engine.Limits.SessionIdLength)
            .Name("service", message.Service, Engine.Limits.ServiceCodeLength)
            .Text("text", message.Text, Limits.MessageLength).Text("sender", message.Sender, Limits.SenderLength);
        if (message.Data is { Text: { } text })
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                checks.Add("data", "TYPE", "'data' is an object.");
            }
            else if (Encoding.UTF8.GetByteCount(text) > Limits.MessageDataBytes)
            {
                checks.Add("data", "TOO_LONG", $"'data' has at most {Limits.MessageDataBytes} bytes.");
            }
        }

        return checks.Problem;
    }

    private static async Task<ApiResponse<ConversationalSessionView>> GetAsync(string conversationId,
        ApiRequest request, SessionStore sessions)
    {
        try
        {
            return await sessions.ReadAsync(request.Caller.TenantId, conversationId) is { } session
                ? new ConversationalSessionView(
                    session.Id, session.Type, session.Msisdn, new RawJson(Encoding.UTF8.GetString(session.Data)),
                    session.CreatedAt, session.LastActivityAt, IsActive: true)
                : new Problem(Errors.SessionNotFound);
        }
        catch (SessionsUnavailableException)
        {
            return Away();
        }
    }

    private static async Task<ApiResponse<EndedSessionView>> EndAsync(string conversationId, ApiRequest request,
        SessionStore sessions)
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

    private static Problem Away() =>
        new(Errors.Unavailable, "Sessions cannot be reached at the moment.", retryAfter: TimeSpan.FromSeconds(2));

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,31}\z")]
    private static partial Regex ChannelRule();
}

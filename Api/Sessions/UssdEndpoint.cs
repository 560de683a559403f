using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Sessions;

/// <summary>
/// The callback of a USSD gateway: one message of a person in, <c>CON …</c> or <c>END …</c> out as plain text.
/// </summary>
internal sealed class UssdEndpoint(Dialogues dialogues)
{
    public async Task HandleAsync(HttpContext context)
    {
        if (UssdMessage.Read(await UssdMessage.FieldsAsync(context), out var message) is { } problem)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        var reply = await dialogues.TakeAsync(Caller.Of(context), message.ToMessage(), context.RequestAborted);
        if (reply is null)
        {
            await new Problem(
                Errors.WorkflowNotFound, "No published workflow has a session trigger with this service code.")
                .ExecuteAsync(context);
            return;
        }

        await WriteAsync(context, $"{(reply.Continue ? "CON" : "END")} {reply.Message}");
    }

    private static Task WriteAsync(HttpContext context, string text)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}

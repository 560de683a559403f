using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Conversations;

/// <summary>
/// Asks in a conversation. Question and place of the answer are committed before the model is asked; the answer is kept
/// also when who asked has left: then it is stopped, with what had come.
/// </summary>
internal static class AnswerEndpoints
{
    public static void MapAnswers(this IEndpointRouteBuilder conversations)
    {
        conversations.MapPost("/{chatId:guid}/messages", AnswerAsync).WithMetadata(new NotRepeatable())
            .WithSummary("Ask in a conversation of one's own, and wait for the answer");
        conversations.MapPost("/{chatId:guid}/messages/stream", StreamAsync).WithMetadata(new NotRepeatable())
            .WithSummary("Ask in a conversation of one's own; the answer comes as server-sent events")
            .WithDescription(
                "Events: question (the message that was kept), delta (text that is added), sources, answer (the "
                + "message at its end), error (code, message). Who closes the connection stops the answer.");
    }

    private static async Task<ApiResponse<MessageView>> AnswerAsync(
        Guid chatId, Body<AskRequest> body, ApiRequest request, ChatAnswers answers)
    {
        var begun = await BeginAsync(chatId, body.Value, request);
        if (begun.Problem is { } problem)
        {
            return problem;
        }

        await foreach (var part in answers.AnswerAsync(request.Caller, begun.Value!, request.Http.RequestAborted))
        {
            if (part.Failure is { } failure)
            {
                return failure;
            }
        }

        var number = begun.Value!.Answer;
        var message = await request.Db.ConversationMessages.AsNoTracking().SingleAsync(
            row => row.ConversationId == chatId && row.Number == number, request.Http.RequestAborted);
        return ConversationParts.View(message);
    }

    private static async Task<IResult> StreamAsync(
        Guid chatId, Body<AskRequest> body, ApiRequest request, ChatAnswers answers)
    {
        var begun = await BeginAsync(chatId, body.Value, request);
        if (begun.Problem is { } problem)
        {
            return problem;
        }

        var response = request.Http.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no"; // a proxy that collects would make it late
        try
        {
            await WriteAsync(response, "question", begun.Value!.Question);
            await foreach (var part in answers.AnswerAsync(request.Caller, begun.Value, request.Http.RequestAborted))
            {
                if (part.Failure is { } failure)
                {
                    await WriteAsync(
                        response, "error", new { code = failure.Code.Code, message = failure.Message });
                }
                else if (part.Sources is { } sources)
                {
                    await WriteAsync(response, "sources", sources);
                }
                else if (part.Text.Length > 0)
                {
                    await WriteAsync(response, "delta", new { text = part.Text });
                }
            }

            var number = begun.Value.Answer;
            var message = await request.Db.ConversationMessages.AsNoTracking().SingleAsync(
                row => row.ConversationId == chatId && row.Number == number, request.Http.RequestAborted);
            await WriteAsync(response, "answer", ConversationParts.View(message));
        }
        catch (OperationCanceledException)
        {
            request.Http.Abort(); // it has left; the answer has ended as stopped
        }

        return Results.Empty;
    }

    /// <summary>Keeps the question, and makes room for its answer.</summary>
    private static async Task<(Asked? Value, Problem? Problem)> BeginAsync(
        Guid chatId, AskRequest wanted, ApiRequest request)
    {
        var content = wanted.Content ?? "";
        var isQuestion = !string.IsNullOrWhiteSpace(content) && content.Length <= Limits.ConversationContentLength;
        if (!wanted.Regenerate && !isQuestion)
        {
            return (null, new Checks().Add(
                "content", "LENGTH", $"A question has 1 to {Limits.ConversationContentLength} characters.").Problem);
        }

        Asked? asked = null;
        var response = await request.ChangeAsync<Done>(async token =>
        {
            if (await request.Db.LockConversationAsync(chatId, ConversationParts.OwnerOf(request), token)
                is not { Kind: "chat" } conversation)
            {
                return new Problem(Errors.ConversationNotFound);
            }

            if (await MakeRoomAsync(request, conversation, wanted.Regenerate, token) is { } problem)
            {
                return problem;
            }

            var question = wanted.Regenerate
                ? null
                : ConversationParts.Add(request, conversation, "user", content, "complete");
            var answer = ConversationParts.Add(request, conversation, "assistant", "", "answering");
            conversation.Title = conversation.Title.Length > 0 ? conversation.Title : TitleOf(content);
            conversation.ExpiresAt = await ConversationParts.ExpiryAsync(request, token);
            asked = new Asked(
                conversation, wanted.Model ?? conversation.Model, answer.Number,
                question is null ? null : ConversationParts.View(question));
            return new Done(chatId, "asked");
        });
        return (asked, response.Problem);
    }

    private static async Task<Problem?> MakeRoomAsync(
        ApiRequest request, Conversation conversation, bool regenerate, CancellationToken token)
    {
        var last = await request.Db.ConversationMessages.SingleOrDefaultAsync(
            row => row.ConversationId == conversation.Id && row.Number == conversation.Messages, token);
        if (last is { Status: "answering" } && last.UpdatedAt > request.Now - Limits.SilentAnswer)
        {
            return new Problem(Errors.ConversationBusy);
        }

        if (last is { Status: "answering" })
        {
            last.Status = "failed"; // its process is gone
            last.ErrorCode = "ANSWER_LOST";
        }

        if (regenerate)
        {
            if (last is not { Role: "assistant" })
            {
                return new Problem(Errors.Conflict, "There is no answer to give again.");
            }

            request.Db.ConversationMessages.Remove(last);
            await request.Db.SaveChangesAsync(token); // its number goes to the next
            conversation.Messages--;
        }

        return conversation.Messages + 2 > Limits.MessagesPerConversation ? ConversationParts.Full() : null;
    }

    private static string TitleOf(string question)
    {
        var line = question.AsSpan().Trim().ToString().Split('\n', 2)[0].Trim();
        return line.Length <= Limits.ConversationTitleLength
            ? line
            : line[..Limits.ConversationTitleLength].TrimEnd() + "…";
    }

    private static async Task WriteAsync(HttpResponse response, string name, object? data)
    {
        response.BodyWriter.Write(Encoding.ASCII.GetBytes($"event: {name}\ndata: "));
        // JSON has no line breaks of its own.
        response.BodyWriter.Write(JsonSerializer.SerializeToUtf8Bytes(data, Envelope.Json));
        response.BodyWriter.Write("\n\n"u8);
        await response.BodyWriter.FlushAsync(response.HttpContext.RequestAborted);
    }
}

/// <summary>A question that is kept, with a place for its answer.</summary>
/// <param name="Model">The name of the model to ask; empty = the tenant's default.</param>
/// <param name="Answer">The number of the message that the answer becomes.</param>
/// <param name="Question">Null where an earlier one is asked again.</param>
internal sealed record Asked(Conversation Conversation, string Model, int Answer, MessageView? Question);

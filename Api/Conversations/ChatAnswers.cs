using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.AI;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data;
using Workflows.Data.ControlPlane;
using Workflows.Data.Conversations;
using Workflows.Models;

namespace Workflows.Api.Conversations;

/// <summary>The next part of an answer: text, the passages that it rests on, or why there is no more.</summary>
internal sealed record AnswerPart(string Text, RawJson? Sources = null, Problem? Failure = null);

/// <summary>
/// Answers questions of conversations. Guarantees: an answer that has begun has an end in its row, whether it is whole,
/// the reader has left, or the provider failed; only the death of the process leaves that to the workers.
/// </summary>
internal sealed partial class ChatAnswers(
    IModelCaller models, ConversationStore store, WorkflowsDbContext db, TimeProvider clock, ILogger<ChatAnswers> log)
{
    private const string Standard = "You are a helpful assistant. Say so where you do not know.";

    /// <summary>Answers; ends the row whatever happens.</summary>
    public async IAsyncEnumerable<AnswerPart> AnswerAsync(
        Caller caller, Asked asked, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var end = new EndedAnswer("stopped", "");
        try
        {
            var request = await RequestAsync(caller, asked, cancellationToken);
            var source = models.StreamAsync(request, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (source)
            {
                var noted = clock.GetTimestamp();
                while (true)
                {
                    var (update, failure) = await NextAsync(source);
                    if (failure is not null)
                    {
                        end = end with { Status = "failed", ErrorCode = failure.Code, ErrorMessage = failure.Message };
                        yield return new AnswerPart("", Failure: ModelProblems.Of(failure));
                        break;
                    }

                    if (update is null)
                    {
                        break;
                    }

                    text.Append(update.Text);
                    if (update.Answer is { } answer)
                    {
                        end = Ended(answer);
                    }
                    else if (clock.GetElapsedTime(noted) > Limits.AnswerNoted)
                    {
                        noted = clock.GetTimestamp();
                        await store.NoteProgressAsync(
                            caller.TenantId, asked.Conversation.Id, asked.Answer, text.ToString(), cancellationToken);
                    }

                    yield return new AnswerPart(update.Text);
                }
            }
        }
        finally
        {
            await EndAsync(caller.TenantId, asked, end with { Content = text.ToString() });
        }
    }

    private static async Task<(ModelUpdate? Update, ModelException? Failure)> NextAsync(
        IAsyncEnumerator<ModelUpdate> source)
    {
        try
        {
            return (await source.MoveNextAsync() ? source.Current : null, null);
        }
        catch (ModelException exception)
        {
            return (null, exception);
        }
    }

    private async Task<ModelRequest> RequestAsync(Caller caller, Asked asked, CancellationToken cancellationToken)
    {
        var conversation = asked.Conversation;
        var model = await db.Models.AsNoTracking().FirstOrDefaultAsync(
            row => row.Kind == "chat" && (asked.Model == "" ? row.IsDefault : row.Name == asked.Model), cancellationToken);
        var earlier = await db.ConversationMessages.AsNoTracking()
            .Where(row => row.ConversationId == conversation.Id && row.Number < asked.Answer && row.Content != "")
            .OrderByDescending(row => row.Number).Take(Limits.ConversationTold)
            .Select(row => new StoredMessage(row.Role, row.Content)).ToListAsync(cancellationToken);
        var instructions = conversation.Instructions.Length > 0 ? conversation.Instructions : Standard;
        return new ModelRequest(
            caller.TenantId,
            asked.Model,
            new ModelCallOrigin("chat")
            {
                ConversationId = conversation.Id, UserId = caller.UserId, WorkspaceId = conversation.WorkspaceId,
            },
            [
                new ChatMessage(ChatRole.System, instructions),
                .. Recent(earlier, (model?.ContextTokens ?? Limits.ContextTokens) - (model?.MaxOutputTokens ?? 0)),
            ]);
    }

    // The newest that fit the model's context, oldest first; the question itself always. Four characters are a token.
    private static IEnumerable<ChatMessage> Recent(List<StoredMessage> newestFirst, int tokens)
    {
        var room = (long)tokens * 4;
        return newestFirst.TakeWhile((message, index) => (room -= message.Content.Length) > 0 || index == 0).Reverse()
            .Select(message => new ChatMessage(new ChatRole(message.Role), message.Content));
    }

    private static EndedAnswer Ended(ModelAnswer answer) => new("complete", "")
    {
        Model = answer.Model,
        CallId = answer.CallId,
        InputTokens = answer.InputTokens,
        OutputTokens = answer.OutputTokens,
        Cost = answer.CostUsd,
        Duration = answer.Duration,
    };

    // Who asked may have left: what had come is kept all the same.
    private async Task EndAsync(Guid tenantId, Asked asked, EndedAnswer end)
    {
        using var patience = new CancellationTokenSource(Limits.AnswerEnd, clock);
        try
        {
            await store.EndAsync(tenantId, asked.Conversation.Id, asked.Answer, end, patience.Token);
        }
        catch (Exception exception) when (PostgresErrors.MayPass(exception) || exception is OperationCanceledException)
        {
            LogEndLost(log, asked.Conversation.Id, exception);
        }
    }

    [LoggerMessage(LogLevel.Error, "The end of an answer in the conversation {ConversationId} could not be written")]
    private static partial void LogEndLost(ILogger logger, Guid conversationId, Exception exception);
}

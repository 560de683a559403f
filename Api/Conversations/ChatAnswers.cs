using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.AI;
using Workflows.Api.Http;
using Workflows.Api.Http.Grounding;
using Workflows.Api.Http.Security;
using Workflows.Data;
using Workflows.Data.ControlPlane;
using Workflows.Data.Conversations;
using Workflows.Models;

namespace Workflows.Api.Conversations;

/// <summary>The next part of an answer: text, the passages that it rests on, or why there is no more.</summary>
internal sealed record AnswerPart(string Text, ChatSources? Sources = null, Problem? Failure = null);

/// <summary>
/// Answers questions of conversations. Guarantees: an answer that has begun has an end in its row, whether it is whole,
/// the reader has left, or the provider failed; only the death of the process leaves that to the workers.
/// </summary>
internal sealed partial class ChatAnswers(
    IModelCaller models, ChatGrounding grounding, ConversationStore store, WorkflowsDbContext db, TimeProvider clock,
    ILogger<ChatAnswers> log)
{
    private const string Standard = "You are a helpful assistant. Say so where you do not know.";

    /// <summary>Answers; ends the row whatever happens.</summary>
    public async IAsyncEnumerable<AnswerPart> AnswerAsync(
        Caller caller, Asked asked, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var answer = new ChatAnswer();
        try
        {
            var told = await ToldAsync(asked, cancellationToken);
            if (asked.Conversation.Knowledge)
            {
                var (found, problem) = await grounding.FindAsync(
                    caller, told[^1].Text, asked.Conversation.WorkspaceId, cancellationToken);
                if (!answer.Ground(found, problem))
                {
                    yield return problem is null ? new AnswerPart(answer.Text) : new AnswerPart("", Failure: problem);
                    yield break;
                }

                yield return new AnswerPart("", ChatGrounding.SourcesOf(found!, []));
                told = Grounded(told, found!);
            }

            var source = models.StreamAsync(RequestOf(caller, asked, told), cancellationToken)
                .GetAsyncEnumerator(cancellationToken);
            await using (source)
            {
                var noted = clock.GetTimestamp();
                while (await NextAsync(source, answer) is { } part)
                {
                    yield return part;
                    if (part.Failure is not null)
                    {
                        break;
                    }

                    if (clock.GetElapsedTime(noted) > Limits.AnswerNoted)
                    {
                        noted = clock.GetTimestamp();
                        await store.NoteProgressAsync(
                            caller.TenantId, asked.Conversation.Id, asked.Answer, answer.Text, cancellationToken);
                    }
                }
            }
        }
        finally
        {
            await EndAsync(caller.TenantId, asked, answer.End());
        }
    }

    private static async Task<AnswerPart?> NextAsync(IAsyncEnumerator<ModelUpdate> source, ChatAnswer answer)
    {
        try
        {
            if (!await source.MoveNextAsync())
            {
                return null;
            }

            answer.Add(source.Current);
            return new AnswerPart(source.Current.Text);
        }
        catch (ModelException exception)
        {
            answer.Fail(exception.Code, exception.Message);
            return new AnswerPart("", Failure: ModelProblems.Of(exception));
        }
    }

    private static ModelRequest RequestOf(Caller caller, Asked asked, IReadOnlyList<ChatMessage> told) => new(
        caller.TenantId,
        asked.Model,
        new ModelCallOrigin("chat")
        {
            ConversationId = asked.Conversation.Id,
            UserId = caller.UserId,
            WorkspaceId = asked.Conversation.WorkspaceId,
        },
        told);

    // The question goes between marks that passages cannot end; what was said before stays as it was.
    private static List<ChatMessage> Grounded(List<ChatMessage> told, PassagesView found)
    {
        var messages = GroundedPrompt.Build(told[^1].Text, found.Passages);
        return
        [
            new ChatMessage(ChatRole.System, $"{told[0].Text}\n\n{messages.System}"),
            .. told[1..^1],
            new ChatMessage(ChatRole.User, messages.User),
        ];
    }

    /// <summary>What the model is told: instructions, and the newest that was said, the question last.</summary>
    private async Task<List<ChatMessage>> ToldAsync(Asked asked, CancellationToken cancellationToken)
    {
        var conversation = asked.Conversation;
        var model = await db.Models.AsNoTracking().FirstOrDefaultAsync(
            row => row.Kind == "chat" && (asked.Model == "" ? row.IsDefault : row.Name == asked.Model),
            cancellationToken);
        var earlier = await db.ConversationMessages.AsNoTracking()
            .Where(row => row.ConversationId == conversation.Id && row.Number < asked.Answer && row.Content != "")
            .OrderByDescending(row => row.Number).Take(Limits.ConversationTold)
            .Select(row => new StoredMessage(row.Role, row.Content)).ToListAsync(cancellationToken);
        var instructions = conversation.Instructions.Length > 0 ? conversation.Instructions : Standard;
        return
        [
            new ChatMessage(ChatRole.System, instructions),
            .. Recent(earlier, (model?.ContextTokens ?? Limits.ContextTokens) - (model?.MaxOutputTokens ?? 0)),
        ];
    }

    // The newest that fit the model's context, oldest first; the question itself always. Four characters are a token.
    private static IEnumerable<ChatMessage> Recent(List<StoredMessage> newestFirst, int tokens)
    {
        var room = (long)tokens * 4;
        return newestFirst.TakeWhile((message, index) => (room -= message.Content.Length) > 0 || index == 0).Reverse()
            .Select(message => new ChatMessage(new ChatRole(message.Role), message.Content));
    }

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

/// <summary>An answer as far as it has come; stopped unless it is said how else it ended.</summary>
internal sealed class ChatAnswer
{
    private readonly StringBuilder _text = new();
    private EndedAnswer _end = new("stopped", "");
    private PassagesView? _found;

    public string Text => _text.ToString();

    /// <summary>Whether there is anything to ask a model about; else the answer has ended.</summary>
    public bool Ground(PassagesView? found, Problem? problem)
    {
        if (problem is not null)
        {
            Fail(problem.Code.Code, problem.Message);
            return false;
        }

        _found = found;
        if (found!.Passages.Count > 0)
        {
            return true;
        }

        // Without passages a model could only tell what it makes up.
        _text.Append(ChatGrounding.Nothing);
        _end = _end with { Status = "complete" };
        return false;
    }

    public void Add(ModelUpdate update)
    {
        _text.Append(update.Text);
        if (update.Answer is { } answer)
        {
            _end = new EndedAnswer("complete", "")
            {
                Model = answer.Model,
                CallId = answer.CallId,
                InputTokens = answer.InputTokens,
                OutputTokens = answer.OutputTokens,
                Cost = answer.CostUsd,
                Duration = answer.Duration,
            };
        }
    }

    public void Fail(string code, string message) =>
        _end = _end with { Status = "failed", ErrorCode = code, ErrorMessage = message };

    /// <summary>As it is kept: with passages each sentence has its sources, and marks that name nothing are
    /// out.</summary>
    public EndedAnswer End()
    {
        if (_found is not { Passages.Count: > 0 } found)
        {
            return _end with { Content = Text };
        }

        var sentences = CitationChecker.Check(Text, found.Passages.Count);
        return _end with
        {
            Content = sentences.Any(sentence => sentence.UnknownSources is not null)
                ? CitationChecker.Text(sentences)
                : Text,
            Sources = ChatGrounding.SourcesOf(found, sentences).ToJson(),
        };
    }
}

using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Workflows.Data;
using Workflows.Data.Models;

namespace Workflows.Models;

/// <summary>
/// One call from its row in the ledger to its end there. Guarantees: after <see cref="BeginAsync"/> has let it go out,
/// one of <see cref="SucceedAsync(ModelAnswer)"/> and <see cref="FailAsync"/> ends it.
/// </summary>
internal sealed partial class CallInFlight(
    ModelStore models, ModelLedger ledger, TimeProvider clock, ILogger log, OpenModel model, Guid tenantId)
{
    private readonly Guid _id = Guid.CreateVersion7(clock.GetUtcNow());
    private readonly TokenCount _used = new();
    private readonly Random _random = new();

    private CancellationTokenSource? _limit;
    private bool _isKeyed;
    private long _began;
    private int _retries;

    /// <summary>Tokens that the call has taken so far.</summary>
    public TokenCount Used => _used;

    public TimeSpan Elapsed => clock.GetElapsedTime(_began);

    /// <summary>How often it may still be tried.</summary>
    public bool MayTryAgain => _retries < Limits.Tries - 1;

    /// <returns>What the same call was answered before; null = it may go out now.</returns>
    /// <exception cref="ModelException">A budget or the model's rate has no room for it.</exception>
    public async Task<byte[]?> BeginAsync(ModelCallOrigin origin, decimal reserved, CancellationToken cancellationToken)
    {
        _isKeyed = origin.IdempotencyKey is not null;
        var permit = await ledger.BeginAsync(
            new ModelCallStart(_id, tenantId, model.Model, model.Provider, origin.Purpose, reserved)
            {
                WorkspaceId = origin.WorkspaceId,
                WorkflowId = origin.WorkflowId,
                ExecutionId = origin.ExecutionId,
                NodeId = origin.NodeId,
                PromptCardId = origin.PromptCardId,
                ConversationId = origin.ConversationId,
                UserId = origin.UserId,
                IdempotencyKey = origin.IdempotencyKey,
            },
            cancellationToken);
        _began = clock.GetTimestamp();
        if (permit.Budget is { } budget)
        {
            throw new ModelException(
                ModelErrorCodes.Budget,
                FormattableString.Invariant(
                    $"The budget \"{budget.Name}\" has no room: {budget.Spent:0.######} of {budget.Amount:0.##} USD ")
                + FormattableString.Invariant($"are spent or reserved, and this call may cost {reserved:0.######}. ")
                + FormattableString.Invariant($"It begins anew on {budget.Until.UtcDateTime:yyyy-MM-dd HH:mm} UTC."));
        }

        return permit.RetryAfter is { } wait
            ? throw new ModelException(
                ModelErrorCodes.RateLimited,
                $"The model '{model.Model.Name}' is called {model.Model.CallsPerMinute} times a minute at most.",
                isTransient: true,
                retryAfter: wait)
            : permit.Recorded;
    }

    /// <summary>Ends with the caller's token, and when the call has taken too long.</summary>
    public CancellationTokenSource Limit(TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var longest = timeout is { } wanted && wanted < model.Model.Timeout ? wanted : model.Model.Timeout;
        _limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _limit.CancelAfter(longest);
        return _limit;
    }

    /// <summary>The answer, and where there is a schema one that fits it.</summary>
    public async Task<ModelAnswer> AskAsync(
        IChatClient client, ModelRequest request, CancellationToken cancellationToken)
    {
        var messages = request.Schema is { } wanted ? SchemaPrompt.Add(request.Messages, wanted) : request.Messages;
        var options = SchemaPrompt.Options(request);
        var response = await TryAsync(client, messages, options, cancellationToken);
        var answer = AnswerReader.Read(response, _used, model, Elapsed);
        if (request.Schema is not { } schema || answer.ToolCalls.Count > 0)
        {
            return answer;
        }

        var (data, problem) = AnswerReader.ReadData(answer.Text, schema);
        if (problem is not null)
        {
            messages = SchemaPrompt.AskAgain(messages, answer.Text, problem);
            response = await TryAsync(client, messages, options, cancellationToken);
            answer = AnswerReader.Read(response, _used, model, Elapsed);
            (data, problem) = AnswerReader.ReadData(answer.Text, schema);
        }

        return problem is null
            ? answer with { Data = data }
            : throw new ModelException(
                ModelErrorCodes.Schema, $"The answer does not fit the schema, also asked for again. {problem}");
    }

    /// <summary>Vectors of texts, some at once.</summary>
    public async Task<ModelVectors> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        using var client = model.Embeddings();
        var vectors = new List<ReadOnlyMemory<float>>(texts.Count);
        foreach (var some in texts.Chunk(Limits.TextsPerRequest))
        {
            var answer = await TryAsync(
                () => client.GenerateAsync(some, cancellationToken: cancellationToken), cancellationToken);
            if (answer.Count != some.Length
                || answer.Any(vector => model.Model.Dimensions is { } wanted && vector.Vector.Length != wanted))
            {
                throw new ModelException(
                    ModelErrorCodes.Answer,
                    $"The provider gave {answer.Count} vectors of {answer.FirstOrDefault()?.Vector.Length ?? 0} "
                    + $"numbers for {some.Length} texts.");
            }

            vectors.AddRange(answer.Select(vector => vector.Vector));
            if (answer.Usage?.InputTokenCount is { } tokens)
            {
                _used.Add(tokens, 0);
            }
            else
            {
                _used.Estimate(some.Sum(TokenCount.Of), 0);
            }
        }

        return new ModelVectors(
            vectors, _used.Input, model.Model.CostOf(_used.Input, 0), model.Model.Name, model.Provider);
    }

    /// <summary>Waits before another try, as long as the provider asks for.</summary>
    /// <returns>Whether there may be another.</returns>
    public async Task<bool> PauseAsync(ModelException failure, CancellationToken cancellationToken)
    {
        var wait = failure.RetryAfter ?? Limits.FirstPause * (1 << _retries) * (0.5 + _random.NextDouble());
        if (!failure.IsTransient || !MayTryAgain || wait > Limits.LongestPause)
        {
            return false;
        }

        _retries++;
        await Task.Delay(wait, clock, cancellationToken);
        return true;
    }

    public Task SucceedAsync(ModelAnswer answer) => EndAsync(new ModelCallEnd(
        "succeeded", answer.CostUsd, answer.InputTokens, answer.OutputTokens, answer.Duration)
    {
        IsEstimated = answer.IsEstimated,
        FirstToken = answer.FirstToken,
        Answer = _isKeyed ? RecordedAnswer.Write(answer) : null,
    });

    public Task SucceedAsync(ModelVectors vectors) => EndAsync(
        new ModelCallEnd("succeeded", vectors.CostUsd, vectors.InputTokens, 0, Elapsed)
        {
            IsEstimated = _used.IsEstimated,
        });

    /// <summary>The answer with the id of its row.</summary>
    public ModelAnswer Numbered(ModelAnswer answer) => answer with { CallId = _id };

    /// <summary>Notes that the call failed, or that its caller left.</summary>
    /// <param name="asked">What a provider that did not say so may have charged for.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <returns>What to throw.</returns>
    public async Task<Exception> FailAsync(
        Exception exception, IEnumerable<ChatMessage> asked, CancellationToken cancellationToken)
    {
        var left = cancellationToken.IsCancellationRequested;
        var failure = left ? null
            : _limit is { IsCancellationRequested: true }
                ? new ModelException(
                    ModelErrorCodes.Timeout,
                    $"No whole answer within {model.Model.Timeout.TotalSeconds:0} s.",
                    isTransient: true,
                    inner: exception)
                : model.Explain(exception);
        if (left || failure?.Code is ModelErrorCodes.Timeout or ModelErrorCodes.Answer)
        {
            _used.Estimate(TokenCount.Of(asked), 0);
        }

        await EndAsync(new ModelCallEnd(
            left ? "cancelled" : "failed",
            model.Model.CostOf(_used.Input, _used.Output),
            _used.Input,
            _used.Output,
            Elapsed)
        {
            IsEstimated = _used.IsEstimated,
            ErrorCode = failure?.Code,
            ErrorMessage = failure is null ? null : StorableText.Of(failure.Message),
        });
        return failure is null
            ? new OperationCanceledException(exception.Message, exception, cancellationToken)
            : failure;
    }

    private async Task<ChatResponse> TryAsync(
        IChatClient client, IReadOnlyList<ChatMessage> messages, ChatOptions? options,
        CancellationToken cancellationToken)
    {
        var response = await TryAsync(
            () => client.GetResponseAsync(messages, options, cancellationToken), cancellationToken);
        _used.Add(messages, response);
        return response;
    }

    private async Task<T> TryAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            ModelException failure;
            try
            {
                return await call();
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                failure = model.Explain(exception);
            }

            if (!await PauseAsync(failure, cancellationToken))
            {
                throw failure;
            }
        }
    }

    // The caller may have left, and the database may be away for a moment: the call is paid all the same.
    private async Task EndAsync(ModelCallEnd end)
    {
        using var patience = new CancellationTokenSource(Limits.EndPatience, clock);
        while (true)
        {
            try
            {
                await ledger.EndAsync(tenantId, _id, end with { Retries = _retries }, patience.Token);
                await NoteAsync(end, patience.Token);
                return;
            }
            catch (Exception exception) when (PostgresErrors.MayPass(exception) && !patience.IsCancellationRequested)
            {
                await Task.Delay(Limits.FirstPause, clock, CancellationToken.None);
            }
            catch (Exception exception)
            {
                LogEndLost(log, _id, exception);
                return;
            }
        }
    }

    private Task NoteAsync(ModelCallEnd end, CancellationToken cancellationToken) => end.Status switch
    {
        "succeeded" => models.NoteCheckAsync(tenantId, model.Model.Id, null, cancellationToken),
        "failed" when end.ErrorCode is ModelErrorCodes.Unavailable or ModelErrorCodes.Unauthorized
            or ModelErrorCodes.Timeout or ModelErrorCodes.Answer or ModelErrorCodes.Target =>
            models.NoteCheckAsync(tenantId, model.Model.Id, $"{end.ErrorCode}: {end.ErrorMessage}", cancellationToken),
        _ => Task.CompletedTask,
    };

    [LoggerMessage(LogLevel.Error, "The end of the model call {CallId} could not be written; it will count as lost")]
    private static partial void LogEndLost(ILogger logger, Guid callId, Exception exception);
}

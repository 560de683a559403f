using System.Text;
using Microsoft.Extensions.AI;

namespace Workflows.Models;

/// <summary>
/// An answer that is read as it comes. Who disposes it before its end has left: then the call ends as cancelled, with
/// what had come.
/// </summary>
internal sealed class AnswerStream(
    CallInFlight call, OpenModel model, ModelRequest request, CancellationToken limit,
    CancellationToken cancellationToken)
    : IAsyncDisposable
{
    private readonly List<ChatResponseUpdate> _updates = [];
    private readonly StringBuilder _text = new();

    private readonly IReadOnlyList<ChatMessage> _messages =
        request.Schema is { } schema ? SchemaPrompt.Add(request.Messages, schema) : request.Messages;

    private IChatClient? _client;
    private IAsyncEnumerator<ChatResponseUpdate>? _source;
    private TimeSpan? _firstToken;
    private bool _hasEnded;

    /// <summary>The next part; null after the whole answer.</summary>
    /// <exception cref="ModelException">There is no more of it.</exception>
    public async Task<ModelUpdate?> ReadAsync()
    {
        if (_hasEnded)
        {
            return null;
        }

        try
        {
            while (await MoveAsync())
            {
                var update = _source!.Current;
                _updates.Add(update);
                if (update.Text.Length == 0)
                {
                    continue;
                }

                _firstToken ??= call.Elapsed;
                if (_text.Append(update.Text).Length > Limits.AnswerLength)
                {
                    throw new ModelException(
                        ModelErrorCodes.TooLarge, $"The answer has more than {Limits.AnswerLength} characters.");
                }

                return new ModelUpdate(update.Text);
            }

            return await EndAsync();
        }
        catch (Exception exception)
        {
            _hasEnded = true;
            throw await FailAsync(exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            await FailAsync(new OperationCanceledException("The reader left."), left: true);
        }

        await CloseAsync();
        _client?.Dispose();
    }

    // Tries again as long as nothing was given out: whoever reads cannot take back what they have shown.
    private async Task<bool> MoveAsync()
    {
        while (true)
        {
            ModelException failure;
            try
            {
                _client ??= model.Chat();
                _source ??= _client.GetStreamingResponseAsync(_messages, SchemaPrompt.Options(request), limit)
                    .GetAsyncEnumerator(limit);
                return await _source.MoveNextAsync();
            }
            catch (Exception exception) when (!limit.IsCancellationRequested)
            {
                failure = model.Explain(exception);
            }

            if (_text.Length > 0 || !await call.PauseAsync(failure, limit))
            {
                throw failure;
            }

            await CloseAsync();
            _updates.Clear();
        }
    }

    private async Task<ModelUpdate> EndAsync()
    {
        var response = _updates.ToChatResponse();
        if (response.FinishReason is null)
        {
            throw new ModelException(
                ModelErrorCodes.Answer, "The provider's answer broke off before its end.", isTransient: true);
        }

        call.Used.Add(_messages, response);
        var answer = call.Numbered(AnswerReader.Read(response, call.Used, model, call.Elapsed)) with
        {
            FirstToken = _firstToken,
        };
        if (request.Schema is { } schema)
        {
            var (data, problem) = AnswerReader.ReadData(answer.Text, schema);
            answer = problem is null
                ? answer with { Data = data }
                : throw new ModelException(ModelErrorCodes.Schema, $"The answer does not fit the schema. {problem}");
        }

        _hasEnded = true;
        await call.SucceedAsync(answer);
        return new ModelUpdate("", answer);
    }

    private async Task<Exception> FailAsync(Exception exception, bool left = false)
    {
        if (call.Used.Output == 0 && _text.Length > 0)
        {
            call.Used.Estimate(0, TokenCount.Of(_text.ToString()));
        }

        return await call.FailAsync(
            exception, _messages, left ? new CancellationToken(canceled: true) : cancellationToken);
    }

    private async Task CloseAsync()
    {
        if (_source is { } source)
        {
            _source = null;
            await source.DisposeAsync();
        }
    }
}

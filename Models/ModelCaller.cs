using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Workflows.Connectors.Network;
using Workflows.Data.Connectors;
using Workflows.Data.Models;
using Workflows.Engine.Connectors;

namespace Workflows.Models;

/// <inheritdoc cref="IModelCaller"/>
internal sealed class ModelCaller(
    ModelStore models,
    ModelLedger ledger,
    ConnectorStore connectors,
    HttpClients clients,
    TimeProvider clock,
    ILogger<ModelCaller> log) : IModelCaller
{
    private const string ChatKind = "chat";
    private const string EmbeddingKind = "embedding";

    /// <inheritdoc/>
    public async Task<ModelAnswer> CallAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        using var model = await OpenAsync(request.TenantId, request.Model, ChatKind, cancellationToken);
        Check(request);
        var call = new CallInFlight(models, ledger, clock, log, model, request.TenantId);
        if (await call.BeginAsync(
            request.Origin,
            TokenCount.Reserve(model.Model, request.Messages, request.Options?.MaxOutputTokens),
            cancellationToken) is { } recorded)
        {
            return RecordedAnswer.Read(recorded);
        }

        using var limit = call.Limit(request.Timeout, cancellationToken);
        try
        {
            using var client = model.Chat();
            var answer = call.Numbered(await call.AskAsync(client, request, limit.Token));
            await call.SucceedAsync(answer);
            return answer;
        }
        catch (Exception exception)
        {
            throw await call.FailAsync(exception, request.Messages, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ModelUpdate> StreamAsync(
        ModelRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var model = await OpenAsync(request.TenantId, request.Model, ChatKind, cancellationToken);
        Check(request);
        var call = new CallInFlight(models, ledger, clock, log, model, request.TenantId);
        if (await call.BeginAsync(
            request.Origin,
            TokenCount.Reserve(model.Model, request.Messages, request.Options?.MaxOutputTokens),
            cancellationToken) is { } recorded)
        {
            var again = RecordedAnswer.Read(recorded);
            yield return new ModelUpdate(again.Text, again);
            yield break;
        }

        using var limit = call.Limit(request.Timeout, cancellationToken);
        await using var stream = new AnswerStream(call, model, request, limit.Token, cancellationToken);
        while (await stream.ReadAsync() is { } update)
        {
            yield return update;
        }
    }

    /// <inheritdoc/>
    public async Task<ModelVectors> EmbedAsync(EmbedRequest request, CancellationToken cancellationToken)
    {
        using var model = await OpenAsync(request.TenantId, request.Model, EmbeddingKind, cancellationToken);
        if (request.Texts.Count is 0 or > Limits.Texts || request.Texts.Sum(text => text.Length) > Limits.PromptLength)
        {
            throw new ModelException(
                ModelErrorCodes.TooLarge,
                $"A call embeds 1 to {Limits.Texts} texts of {Limits.PromptLength} characters together.");
        }

        var call = new CallInFlight(models, ledger, clock, log, model, request.TenantId);
        var tokens = request.Texts.Sum(TokenCount.Of);
        // The key is for chats: vectors are too many to keep, and cost little.
        await call.BeginAsync(
            request.Origin with { IdempotencyKey = null }, model.Model.CostOf(tokens, 0), cancellationToken);
        using var limit = call.Limit(null, cancellationToken);
        try
        {
            var vectors = await call.EmbedAsync(request.Texts, limit.Token);
            await call.SucceedAsync(vectors);
            return vectors;
        }
        catch (Exception exception)
        {
            throw await call.FailAsync(
                exception, request.Texts.Select(text => new ChatMessage(ChatRole.User, text)), cancellationToken);
        }
    }

    private async Task<OpenModel> OpenAsync(
        Guid tenantId, string name, string kind, CancellationToken cancellationToken)
    {
        var model = await models.FindAsync(tenantId, name, kind, cancellationToken)
            ?? throw new ModelException(ModelErrorCodes.Unknown, name.Length == 0
                ? $"The tenant has no default model of the kind {kind}."
                : $"There is no model '{name}'.");
        if (model.Kind != kind)
        {
            throw new ModelException(
                ModelErrorCodes.Unknown, $"The model '{name}' is of the kind {model.Kind}; this needs {kind}.");
        }

        if (!model.Enabled)
        {
            throw new ModelException(ModelErrorCodes.Disabled, $"The model '{model.Name}' is disabled.");
        }

        try
        {
            return new OpenModel(
                model,
                await connectors.GetAsync(tenantId, model.Connector, ConnectorTypes.Model, cancellationToken),
                clients);
        }
        catch (ConnectorException exception)
        {
            throw new ModelException(
                ModelErrorCodes.Disabled, exception.Message, exception.IsTransient, inner: exception);
        }
    }

    private static void Check(ModelRequest request)
    {
        if (request.Messages.Count is 0 or > Limits.Messages
            || request.Messages.Sum(message => message.Text.Length) > Limits.PromptLength)
        {
            throw new ModelException(
                ModelErrorCodes.TooLarge,
                $"A call has 1 to {Limits.Messages} messages of {Limits.PromptLength} characters together.");
        }
    }
}

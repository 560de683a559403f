using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Workflows.Models;

/// <summary>
/// Asks the language models that tenants have registered. Guarantees: each call is in the tenant's ledger before it
/// goes out, with what it may cost; a budget that stops is asked first; a provider's passing failures are tried again
/// while nothing of the answer was given out; and whatever goes out, goes through the network guard. A key of a
/// connector is in no message and no exception.
/// </summary>
public interface IModelCaller
{
    /// <summary>One whole answer.</summary>
    /// <exception cref="ModelException">There is none; its code says why.</exception>
    Task<ModelAnswer> CallAsync(ModelRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// The answer as it comes; the last update has <see cref="ModelUpdate.Answer"/>. Who stops reading ends the call,
    /// and pays for what has come.
    /// </summary>
    /// <exception cref="ModelException">There is none, or no more of it; its code says why.</exception>
    IAsyncEnumerable<ModelUpdate> StreamAsync(ModelRequest request, CancellationToken cancellationToken);

    /// <summary>Vectors of texts, in their order, by a model of the kind embedding.</summary>
    /// <exception cref="ModelException">There are none; its code says why.</exception>
    Task<ModelVectors> EmbedAsync(EmbedRequest request, CancellationToken cancellationToken);
}

/// <summary>One call of a chat model.</summary>
/// <param name="Model">Its name in the tenant's registry; empty = the tenant's default.</param>
/// <param name="Origin">What it is for: told in the ledger, and summed by it.</param>
/// <param name="Messages">System, user, assistant and tool messages, in their order.</param>
public sealed record ModelRequest(
    Guid TenantId, string Model, ModelCallOrigin Origin, IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>Temperature, the most tokens of the answer, tools. The model itself is <see cref="Model"/>.</summary>
    public ChatOptions? Options { get; init; }

    /// <summary>
    /// A JSON Schema (the subset of <see cref="Engine.Definitions.FormSchema"/>) that the answer has to fit. An answer
    /// that does not is asked for once more, with what is wrong with it.
    /// </summary>
    public JsonElement? Schema { get; init; }

    /// <summary>The most that the call may take; null = what the model's registration says.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>Texts to embed.</summary>
/// <param name="Model">Its name in the tenant's registry; empty = the tenant's default of this kind.</param>
public sealed record EmbedRequest(
    Guid TenantId, string Model, ModelCallOrigin Origin, IReadOnlyList<string> Texts);

/// <summary>What a call is for.</summary>
/// <param name="Purpose">node, prompt_card, test_set, judge, chat, knowledge or test.</param>
public sealed record ModelCallOrigin(string Purpose)
{
    public Guid? WorkspaceId { get; init; }

    public Guid? WorkflowId { get; init; }

    public Guid? ExecutionId { get; init; }

    public string? NodeId { get; init; }

    public Guid? PromptCardId { get; init; }

    public Guid? ConversationId { get; init; }

    public Guid? UserId { get; init; }

    /// <summary>
    /// Equal for what is the same call: one that has succeeded answers again what it has answered, for
    /// <see cref="Data.Limits.ModelAnswerKept"/>, and costs nothing.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}

/// <summary>A whole answer and what it took.</summary>
/// <param name="Text">What the model said; with a schema the JSON text.</param>
/// <param name="FinishReason">stop, length, tool_calls or content_filter.</param>
/// <param name="CostUsd">US dollars by the prices of the registration.</param>
/// <param name="Model">The name in the registry.</param>
/// <param name="Provider">openai, azure, anthropic, ollama or compatible.</param>
public sealed record ModelAnswer(
    string Text,
    string FinishReason,
    long InputTokens,
    long OutputTokens,
    decimal CostUsd,
    TimeSpan Duration,
    string Model,
    string Provider)
{
    /// <summary>The row of the ledger.</summary>
    public Guid CallId { get; init; }

    /// <summary>What the text holds, where the request has a schema.</summary>
    public JsonElement? Data { get; init; }

    public IReadOnlyList<ModelToolCall> ToolCalls { get; init; } = [];

    /// <summary>Until the first part of a streamed answer.</summary>
    public TimeSpan? FirstToken { get; init; }

    /// <summary>The provider told no tokens: they are worked out from the texts, four characters each.</summary>
    public bool IsEstimated { get; init; }

    /// <summary>It was answered before under the same key.</summary>
    public bool IsRecorded { get; init; }
}

/// <summary>A tool that the model asks to be called.</summary>
/// <param name="Arguments">A JSON object.</param>
public sealed record ModelToolCall(string Id, string Name, JsonElement Arguments);

/// <summary>The next part of an answer.</summary>
/// <param name="Text">What it adds; may be empty.</param>
/// <param name="Answer">The whole, with the last part.</param>
public sealed record ModelUpdate(string Text, ModelAnswer? Answer = null);

/// <summary>Vectors in the order of the texts.</summary>
public sealed record ModelVectors(
    IReadOnlyList<ReadOnlyMemory<float>> Vectors, long InputTokens, decimal CostUsd, string Model, string Provider);

/// <summary>Why a model did not answer.</summary>
public sealed class ModelException(
    string code, string message, bool isTransient = false, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>One of <see cref="ModelErrorCodes"/>.</summary>
    public string Code { get; } = code;

    /// <summary>The same call may succeed later.</summary>
    public bool IsTransient { get; } = isTransient;

    /// <summary>How long whoever tries again should wait; null = the provider did not say.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>The codes of <see cref="ModelException"/>.</summary>
public static class ModelErrorCodes
{
    /// <summary>There is no such model, or it is of the other kind.</summary>
    public const string Unknown = "MODEL_UNKNOWN";

    /// <summary>It, or its connector, is disabled.</summary>
    public const string Disabled = "MODEL_DISABLED";

    /// <summary>The call could go beyond a budget that stops.</summary>
    public const string Budget = "MODEL_BUDGET";

    /// <summary>As many calls as the registration, or the provider, allows.</summary>
    public const string RateLimited = "MODEL_RATE_LIMITED";

    /// <summary>The provider cannot be reached, or failed.</summary>
    public const string Unavailable = "MODEL_UNAVAILABLE";

    /// <summary>No answer in time.</summary>
    public const string Timeout = "MODEL_TIMEOUT";

    /// <summary>The provider did not accept the key.</summary>
    public const string Unauthorized = "MODEL_UNAUTHORIZED";

    /// <summary>The provider refused the request as it is; the message has its words.</summary>
    public const string Refused = "MODEL_REFUSED";

    /// <summary>The target must not be called from here.</summary>
    public const string Target = "MODEL_TARGET_REFUSED";

    /// <summary>What the provider answered is no whole answer.</summary>
    public const string Answer = "MODEL_ANSWER";

    /// <summary>The answer does not fit the schema, also when it was asked for again.</summary>
    public const string Schema = "MODEL_OUTPUT_INVALID";

    /// <summary>The messages, or the answer, are larger than the limits.</summary>
    public const string TooLarge = "MODEL_TOO_LARGE";
}

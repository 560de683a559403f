using System.Security.Cryptography;
using System.Text.Json;
using Workflows.Data.Identity;

namespace Workflows.Api.Http;

/// <summary>
/// <c>Idempotency-Key</c> on requests that create: the key is claimed, and the answer kept, in the transaction of the change. So a repetition
/// finds either both or nothing, also after a crash; a concurrent one waits for the first and then repeats its answer. The execute
/// path claims its keys in the statement that starts the execution.
/// </summary>
internal static class IdempotencyKeys
{
    public const string Header = "Idempotency-Key";

    /// <summary>The key of the request, or null. Callers have keys of their own: one never meets another's.</summary>
    /// <exception cref="ProblemException">The key is unusable.</exception>
    public static string? Of(HttpRequest request)
    {
        var sent = request.Headers[Header];
        if (sent.Count == 0)
        {
            return null;
        }

        var key = sent.ToString();
        if (key.Length is 0 or > Limits.IdempotencyKeyLength || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ProblemException(Problem.Parameter(Header, $"An idempotency key has 1 to {Limits.IdempotencyKeyLength} visible ASCII characters."));
        }

        return key;
    }

    /// <summary>What a stored answer says, or the problem that its request was another one.</summary>
    public static ApiResponse<T> Repeat<T>(StoredAnswer stored, byte[] requestHash)
    {
        if (!CryptographicOperations.FixedTimeEquals(stored.RequestHash, requestHash))
        {
            return new Problem(Errors.IdempotencyKeyReused);
        }

        var answer = JsonSerializer.Deserialize<KeptAnswer>(stored.Response, Envelope.Json)!;
        return ApiResponse<T>.Repeat(answer.Status, answer.Location, answer.Version, answer.Data);
    }

    public static string Keep<T>(ApiResponse<T> response) => JsonSerializer.Serialize(
        new KeptAnswer(
            response.Status,
            response.Location,
            response.Version,
            new RawJson(response.Repeatable is { } repeatable
                ? JsonSerializer.Serialize(repeatable, Envelope.Json)
                : JsonSerializer.Serialize(response.Data, Envelope.Json))),
        Envelope.Json);

    private sealed record KeptAnswer(int Status, string? Location, int? Version, RawJson Data);
}

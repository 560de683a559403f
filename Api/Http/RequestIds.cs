using System.Buffers;

namespace Workflows.Api.Http;

/// <summary>
/// The name of a request: what the client sent as <c>X-Request-Id</c> if it is harmless, else one of ours. It is in every answer, in
/// the activity list and in the trace.
/// </summary>
internal static class RequestIds
{
    public const string Header = "X-Request-Id";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

    public static string Of(HttpContext context) => context.TraceIdentifier;

    public static void Assign(HttpContext context)
    {
        string? sent = context.Request.Headers[Header];
        context.TraceIdentifier = sent is { Length: > 0 and <= Limits.RequestIdLength } && !sent.AsSpan().ContainsAnyExcept(Allowed)
            ? sent
            : Guid.CreateVersion7().ToString("N");
        context.Response.Headers[Header] = context.TraceIdentifier;
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;

namespace Workflows.Models.Providers;

/// <summary>What went wrong with a provider, in our words, whichever client it was called by.</summary>
internal static class ProviderErrors
{
    /// <summary>The sentence in a provider's error: all of them have a member message, at the top or in
    /// error.</summary>
    public static string Read(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object)
            {
                var error = root.TryGetProperty("error", out var inner) ? inner : root;
                return error.ValueKind == JsonValueKind.String ? error.GetString()!
                    : error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message)
                        && message.ValueKind == JsonValueKind.String ? message.GetString()!
                    : root.GetRawText();
            }
        }
        catch (JsonException)
        {
            // A proxy in between speaks HTML: its text is all there is.
        }

        return Encoding.UTF8.GetString(body);
    }

    /// <summary>What a failed call of a client means.</summary>
    /// <param name="transport">What it was called through.</param>
    /// <param name="mask">Takes out what nobody may read.</param>
    public static ModelException Explain(Exception exception, ModelTransport transport, Func<string, string> mask)
    {
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case ModelException model:
                    return model;
                case TargetRefusedException or AllowListException:
                    return new ModelException(ModelErrorCodes.Target, mask(inner.Message), inner: exception);
                case ConnectorException connector:
                    return new ModelException(
                        ModelErrorCodes.Target, mask(connector.Message), connector.IsTransient, inner: exception);
            }
        }

        return transport.Status is { } status && (int)status is < 200 or > 299
            ? OfStatus(status, transport, exception, mask)
            : transport.Status is null ? Unreachable(exception, mask)
            : new ModelException(
                ModelErrorCodes.Answer,
                mask(Cut($"The provider's answer broke off or cannot be read: {exception.Message}")),
                isTransient: true, inner: exception);
    }

    private static ModelException OfStatus(
        HttpStatusCode status, ModelTransport transport, Exception exception, Func<string, string> mask)
    {
        var said = mask(Cut(transport.Error ?? ""));
        var words = said.Length > 0
            ? $"The provider answered {(int)status}: {said}"
            : $"The provider answered {(int)status}.";
        return status switch
        {
            HttpStatusCode.TooManyRequests =>
                new ModelException(ModelErrorCodes.RateLimited, words, true, transport.RetryAfter, exception),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                new ModelException(ModelErrorCodes.Unauthorized, words, inner: exception),
            HttpStatusCode.RequestTimeout or HttpStatusCode.Conflict or >= HttpStatusCode.InternalServerError =>
                new ModelException(ModelErrorCodes.Unavailable, words, true, transport.RetryAfter, exception),
            _ => new ModelException(ModelErrorCodes.Refused, words, inner: exception),
        };
    }

    private static ModelException Unreachable(Exception exception, Func<string, string> mask) => new(
        ModelErrorCodes.Unavailable,
        mask(Cut($"The provider cannot be reached: {(exception.InnerException ?? exception).Message}")),
        isTransient: true,
        inner: exception);

    private static string Cut(string text) => text.Length > Limits.ErrorLength ? text[..Limits.ErrorLength] : text;
}

using System.Net.Sockets;
using System.Security.Authentication;
using Workflows.Connectors.Network;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Nodes;

/// <summary>Why a call got no answer, as step errors in the words of HTTP.</summary>
internal static class HttpFailures
{
    public const string Connection = "HTTP_CONNECTION";

    public static StepError Explain(HttpRequestException exception)
    {
        if (exception.InnerException is TargetRefusedException refused)
        {
            return new StepError("HTTP_TARGET_REFUSED", refused.Message);
        }

        return exception.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => UnknownHost(),
            HttpRequestError.SecureConnectionError => new StepError("HTTP_TLS", Tls(exception)),
            HttpRequestError.ConfigurationLimitExceeded => new StepError(
                "HTTP_RESPONSE_TOO_LARGE", "The headers of the response are larger than 64 KiB."),
            _ when exception.InnerException is SocketException { SocketErrorCode: SocketError.HostNotFound } =>
                UnknownHost(),
            HttpRequestError.ResponseEnded => Passing("The target closed the connection before it had answered."),
            HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError =>
                Passing("What the target answered is not HTTP."),
            HttpRequestError.ConnectionError => Passing($"The target cannot be reached: {Reason(exception)}."),
            _ => Broken(exception),
        };
    }

    /// <summary>A connection that broke while the answer was read.</summary>
    public static StepError Broken(Exception exception) => exception.InnerException is SocketException socket
        ? Passing($"The connection broke: {Words(socket.SocketErrorCode)}.")
        : Passing("The connection broke before the answer had ended.");

    public static StepError NoConnection() => Passing("The connection did not come about in time.");

    private static StepError UnknownHost() =>
        new("HTTP_DNS", "The name of the target's host is not known.", StepErrorKind.Transient);

    private static StepError Passing(string message) => new(Connection, message, StepErrorKind.Transient);

    private static string Tls(HttpRequestException exception) => exception.InnerException is AuthenticationException why
        ? $"The target's certificate is not accepted, or TLS failed: {why.Message}"
        : "TLS with the target failed.";

    private static string Reason(HttpRequestException exception) =>
        exception.InnerException is SocketException socket ? Words(socket.SocketErrorCode) : "no connection came about";

    private static string Words(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "nothing listens there",
        SocketError.ConnectionReset or SocketError.ConnectionAborted => "the target reset the connection",
        SocketError.TimedOut => "there was no answer in time",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no way leads there",
        SocketError.HostDown or SocketError.NetworkDown => "no way leads there",
        _ => $"the network says {error}",
    };
}

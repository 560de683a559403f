using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Aspire.StackExchange.Redis;

/// <summary>Outages and recoveries in the log. Error replies are the callers' to log, who know what they asked.</summary>
internal static partial class ConnectionLog
{
    public static void Attach(IConnectionMultiplexer multiplexer, ILogger logger)
    {
        multiplexer.ConnectionFailed += (_, failed) => Lost(
            logger, failed.ConnectionType, EndPointCollection.ToString(failed.EndPoint), failed.FailureType, failed.Exception);
        multiplexer.ConnectionRestored += (_, restored) => Restored(
            logger, restored.ConnectionType, EndPointCollection.ToString(restored.EndPoint));
        multiplexer.InternalError += (_, error) => HandlerFailed(logger, error.Origin, error.Exception);
    }

    [LoggerMessage(1, LogLevel.Warning, "The {ConnectionType} connection to Redis at {EndPoint} is down: {FailureType}")]
    private static partial void Lost(
        ILogger logger, ConnectionType connectionType, string endPoint, ConnectionFailureType failureType, Exception? exception);

    [LoggerMessage(2, LogLevel.Information, "The {ConnectionType} connection to Redis at {EndPoint} is up again")]
    private static partial void Restored(ILogger logger, ConnectionType connectionType, string endPoint);

    [LoggerMessage(3, LogLevel.Error, "A handler of the Redis client failed: {Origin}")]
    private static partial void HandlerFailed(ILogger logger, string? origin, Exception exception);
}

using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Workflows.Api.Http.Security;
using Workflows.Data;

namespace Workflows.Api.Http;

/// <summary>
/// The outermost layer: names the request, sets the headers every answer has, and turns whatever was thrown into an answer of the same form as any other.
/// Details of a failure go to the log under the request id, never to the client.
/// </summary>
internal sealed partial class ErrorHandling(RequestDelegate next, DatabaseWatch watch, ILogger<ErrorHandling> log)
{
    /// <summary>A year, in seconds.</summary>
    private const string StayWithHttps = "max-age=31536000";

    private static readonly PathString ApiPath = "/api";
    private static readonly TimeSpan RetryUnavailable = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TellUnavailableEvery = TimeSpan.FromSeconds(1);

    private long _unavailable;
    private long _toldAt;

    public async Task InvokeAsync(HttpContext context)
    {
        RequestIds.Assign(context);
        SetHeaders(context);
        var aborted = context.RequestAborted;
        using var watched = context.Request.Path.StartsWithSegments(ApiPath) ? watch.Enter(aborted) : null;
        context.RequestAborted = watched?.Token ?? aborted;
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode >= 400 && context.Response.ContentLength is null
                && context.Response.ContentType is null)
            {
                await OfStatus(context).ExecuteAsync(context);
            }
        }
#pragma warning disable CA1031 // the one handler of the API
        catch (Exception exception)
#pragma warning restore CA1031
        {
            context.RequestAborted = aborted;
            await AnswerAsync(context, exception, watched?.Token.IsCancellationRequested == true);
        }
        finally
        {
            context.RequestAborted = aborted;
        }
    }

    private static void SetHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = StayWithHttps;
        }
    }

    // Given up, and not by its caller: the database was lost then, whatever it is by now.
    private async Task AnswerAsync(HttpContext context, Exception exception, bool isGivenUp)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            LogAborted(log, context.Request.Method, context.Request.Path);
            return;
        }

        var problem = isGivenUp && exception is OperationCanceledException ? DatabaseAway()
            : IsNotGranted(context, exception) ? new Problem(
                Errors.Forbidden, "Part of what this would change was not granted to you for that.")
            : Explain(exception);
        if (problem.Code == Errors.Internal)
        {
            LogFailure(log, exception, context.Request.Method, context.Request.Path, RequestIds.Of(context));
        }
        else if (problem.Code == Errors.Unavailable)
        {
            CountUnavailable(context.Request, exception);
        }

        if (context.Response.HasStarted)
        {
            context.Abort(); // half an answer must not look like a whole one
            return;
        }

        var requestId = context.Response.Headers[RequestIds.Header];
        context.Response.Clear();
        context.Response.Headers[RequestIds.Header] = requestId;
        SetHeaders(context);
        await problem.ExecuteAsync(context);
    }

    // In an outage there are thousands a second, and the watch says once what is wrong: a line for each would fill
    // disks and take the processors from what is to recover.
    private void CountUnavailable(HttpRequest request, Exception exception)
    {
        var count = Interlocked.Increment(ref _unavailable);
        var told = Volatile.Read(ref _toldAt);
        if ((told == 0 || Stopwatch.GetElapsedTime(told) >= TellUnavailableEvery)
            && Interlocked.CompareExchange(ref _toldAt, Stopwatch.GetTimestamp(), told) == told)
        {
            Interlocked.Add(ref _unavailable, -count);
            LogUnavailable(log, count, request.Method, request.Path, exception.Message);
        }
    }

    // The database's policies are the last to judge who sees only what was granted. For anybody else it is a fault of
    // ours.
    private static bool IsNotGranted(HttpContext context, Exception exception) =>
        context.Features.Get<Caller>() is { OnlyGranted: true }
            && (PostgresErrors.IsForbidden(exception)
                || (exception.InnerException is { } inner && IsNotGranted(context, inner)));

    private Problem Explain(Exception exception) => exception switch
    {
        ProblemException problem => problem.Problem,
        OperationCanceledException when watch.IsLost => DatabaseAway(),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            new Problem(Errors.PayloadTooLarge, $"A body has at most {Limits.BodyBytes} bytes."),
        BadHttpRequestException bad when BindingFailure(bad.Message) is { } name => Problem.Parameter(name, $"'{name}' has a value that cannot be used."),
        BadHttpRequestException => new Problem(Errors.BadRequest),
        // One wraps the other, in either order.
        DbUpdateException { InnerException: { } inner } => Explain(inner),
        RetryLimitExceededException { InnerException: { } inner } => Explain(inner),
        _ => ExplainStore(exception),
    };

    private static Problem ExplainStore(Exception exception) =>
        PostgresErrors.IsUnstorableText(exception) ? new Problem(Errors.InvalidJson, "The text holds what cannot be stored.")
        : PostgresErrors.IsUnavailable(exception) || PostgresErrors.IsTransient(exception)
            || PostgresErrors.IsServerTrouble(exception) ? DatabaseAway()
        : PostgresErrors.IsForeignKeyViolation(exception) ? new Problem(Errors.Conflict, "What the request refers to is not there (any more).")
        : PostgresErrors.UniqueViolation(exception) is not null ? new Problem(Errors.Conflict)
        : new Problem(Errors.Internal);

    private static Problem DatabaseAway() =>
        new(Errors.Unavailable, "The database cannot be reached or written at the moment.",
        retryAfter: RetryUnavailable);

    // Minimal APIs say: Failed to bind parameter "int? per_page" from "x".
    private static string? BindingFailure(string message)
    {
        const string Prefix = "Failed to bind parameter \"";
        if (!message.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var end = message.IndexOf('"', Prefix.Length);
        return message[Prefix.Length..end].Split(' ')[^1];
    }

    private static Problem OfStatus(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => new Problem(Errors.RouteNotFound),
        StatusCodes.Status405MethodNotAllowed => new Problem(Errors.MethodNotAllowed),
        StatusCodes.Status406NotAcceptable => new Problem(Errors.NotAcceptable),
        StatusCodes.Status413PayloadTooLarge => new Problem(Errors.PayloadTooLarge),
        StatusCodes.Status415UnsupportedMediaType => new Problem(Errors.UnsupportedMediaType),
        >= 500 => new Problem(Errors.Internal),
        _ => new Problem(Errors.BadRequest),
    };

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed (request {RequestId})")]
    private static partial void LogFailure(ILogger logger, Exception exception, string method, string path, string requestId);

    [LoggerMessage(
        LogLevel.Warning,
        "{Count} requests since the last such line found the database unavailable, lastly {Method} {Path}: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, long count, string method, string path, string reason);

    [LoggerMessage(LogLevel.Debug, "{Method} {Path} was given up by the client")]
    private static partial void LogAborted(ILogger logger, string method, string path);
}

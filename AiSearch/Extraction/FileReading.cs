using Npgsql;
using Workflows.AiSearch.Indexing;
using Workflows.Data.Rounds;

namespace Workflows.AiSearch.Extraction;

/// <summary>
/// Reads the files that wait for it, each in a process of its own, and writes what they say. A file whose reading ended
/// whoever began it, as often as <see cref="Limits.ExtractionAttempts"/>, fails.
/// </summary>
internal sealed partial class FileReading(
    FileStore files, ExtractionProcess extraction, IndexSignal signal, SearchMetrics metrics, Loop loop,
    TimeProvider clock, ILogger<FileReading> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync(
        "Reading files", RoundAsync, stoppingToken, Limits.LongestOutboxRound, Limits.OutagePause);

    private async Task<TimeSpan> RoundAsync(CancellationToken cancellationToken) =>
        await WorkOffAsync(cancellationToken) == 0 ? Limits.OutboxPoll : TimeSpan.Zero;

    /// <summary>Claims once and reads what was claimed.</summary>
    /// <returns>Number of files claimed.</returns>
    public async Task<int> WorkOffAsync(CancellationToken cancellationToken)
    {
        var claimed = await files.ClaimAsync(cancellationToken);
        await Task.WhenAll(claimed.Select(file => ReadAsync(file, cancellationToken)));
        if (claimed.Count > 0)
        {
            signal.Pulse();
        }

        return claimed.Count;
    }

    private async Task ReadAsync(ClaimedFile file, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        if (file.Attempts > Limits.ExtractionAttempts)
        {
            await FailAsync(file, new ExtractionException(
                ExtractionException.TooCostly, "The service ended each time while it read the file."),
                cancellationToken);
            return;
        }

        if (await files.ReadAsync(file, cancellationToken) is not { } bytes)
        {
            return;
        }

        try
        {
            var text = await extraction.ReadAsync(file.Format, bytes, cancellationToken);
            await files.FinishAsync(file, text, null, cancellationToken);
            metrics.FileRead(file.Format, "ready", clock.GetElapsedTime(started));
        }
        catch (ExtractionException exception)
        {
            await FailAsync(file, exception, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not NpgsqlException
            and not TimeoutException)
        {
            // Not the file's fault: it is due again after its lease, and fails when that happens too often.
            LogNotRead(exception, file.ArticleId, file.TenantId, file.Attempts);
        }
    }

    private async Task FailAsync(ClaimedFile file, ExtractionException exception, CancellationToken cancellationToken)
    {
        await files.FinishAsync(file, null, exception, cancellationToken);
        metrics.FileRead(file.Format, exception.Code, TimeSpan.Zero);
        LogFailed(file.ArticleId, file.TenantId, exception.Code, exception.Message);
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The file of article {ArticleId} of tenant {TenantId} cannot be read: {Code}, {Reason}")]
    private partial void LogFailed(Guid articleId, Guid tenantId, string code, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Reading the file of article {ArticleId} of tenant {TenantId} failed, try {Attempt}")]
    private partial void LogNotRead(Exception exception, Guid articleId, Guid tenantId, int attempt);
}

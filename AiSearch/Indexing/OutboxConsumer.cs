using Npgsql;
using Workflows.Data.Rounds;
using Workflows.Engine;

namespace Workflows.AiSearch.Indexing;

/// <summary>
/// Works off the outbox: claims due rows, loads what they name, indexes it, tenant by tenant. Rows of a batch that fails are tried
/// one by one, so that one bad row delays no other; a row that keeps failing is put back with growing pauses and parked in the end.
/// Wakes on <see cref="IndexSignal"/> and by itself every <see cref="Limits.OutboxPoll"/>.
/// </summary>
internal sealed partial class OutboxConsumer(
    OutboxStore outbox, SourceReader sources, ArticleReader articles, Indexer indexer, IndexSignal signal, SearchMetrics metrics, Loop loop,
    TimeProvider clock, ILogger<OutboxConsumer> logger) : BackgroundService
{
    // Mostly a failure is that the database is away. What was claimed is due again after its lease, whatever it was.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync(
        "Working off the outbox", RoundAsync, stoppingToken, Limits.LongestOutboxRound, Limits.OutagePause);

    private async Task<TimeSpan> RoundAsync(CancellationToken cancellationToken)
    {
        if (await WorkOffAsync(cancellationToken) == 0)
        {
            await signal.WaitAsync(Limits.OutboxPoll, cancellationToken);
        }

        return TimeSpan.Zero;
    }

    /// <summary>Claims once and works off what was claimed.</summary>
    /// <returns>Number of rows claimed.</returns>
    public async Task<int> WorkOffAsync(CancellationToken cancellationToken)
    {
        var claimed = await outbox.ClaimAsync(cancellationToken);
        foreach (var tenant in claimed.GroupBy(work => work.TenantId))
        {
            var exhausted = tenant.Where(work => work.Attempts > Limits.WorkAttempts).ToList();
            foreach (var work in exhausted)
            {
                await ParkAsync(work, "The process ended each time while working on it.", cancellationToken);
            }

            await WorkOffAsync(tenant.Key, [.. tenant.Except(exhausted)], cancellationToken);
        }

        return claimed.Count;
    }

    private async Task WorkOffAsync(Guid tenantId, IReadOnlyList<ClaimedWork> works, CancellationToken cancellationToken)
    {
        if (works.Count == 0)
        {
            return;
        }

        try
        {
            var contents = await ReadAsync(tenantId, works, cancellationToken);
            var written = await indexer.IndexAsync(tenantId, contents, [.. works.Select(work => work.Id)], cancellationToken);
            var now = clock.GetUtcNow();
            foreach (var work in works)
            {
                metrics.Indexed(written > 0 ? "written" : "unchanged", now - (UuidTime.Of(work.Id) ?? now));
            }
        }
        catch (Exception exception) when (IsAboutTheWork(exception))
        {
            if (works.Count > 1)
            {
                foreach (var work in works)
                {
                    await WorkOffAsync(tenantId, [work], cancellationToken);
                }
            }
            else
            {
                await GiveBackAsync(works[0], exception, cancellationToken);
            }
        }
    }

    private async Task<IReadOnlyList<Content>> ReadAsync(
        Guid tenantId, IReadOnlyList<ClaimedWork> works, CancellationToken cancellationToken)
    {
        List<Guid> Of(params string[] topics) =>
            [.. works.Where(work => topics.Contains(work.Topic)).Select(work => work.SubjectId).Distinct()];

        return
        [
            .. await sources.ReadAsync(
                tenantId, Of("index_workflow", "remove_workflow"), Of("index_execution"), Of("index_prompt_card"),
                cancellationToken),
            .. await articles.ReadAsync(tenantId, Of("index_article"), cancellationToken),
        ];
    }

    private async Task GiveBackAsync(ClaimedWork work, Exception exception, CancellationToken cancellationToken)
    {
        if (work.Attempts >= Limits.WorkAttempts)
        {
            LogParked(exception, work.Topic, work.SubjectId, work.TenantId, work.Attempts);
            await ParkAsync(work, exception.Message, cancellationToken);
            return;
        }

        LogRetried(exception, work.Topic, work.SubjectId, work.TenantId, work.Attempts);
        metrics.Retried(work.Topic);
        await outbox.PutBackAsync(work, cancellationToken);
    }

    private async Task ParkAsync(ClaimedWork work, string cause, CancellationToken cancellationToken)
    {
        await outbox.ParkAsync(work, cause, cancellationToken);
        metrics.Parked(work.Topic);
    }

    /// <summary>An outage is not the work's fault and must not use up its tries: those failures end the round instead.</summary>
    private static bool IsAboutTheWork(Exception exception) => exception switch
    {
        OperationCanceledException => false,
        PostgresException postgres => !postgres.IsTransient,
        NpgsqlException or TimeoutException => false,
        _ => true,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} of {SubjectId} of tenant {TenantId} failed, try {Attempt}; it will be tried again")]
    private partial void LogRetried(Exception exception, string topic, Guid subjectId, Guid tenantId, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Topic} of {SubjectId} of tenant {TenantId} is parked after {Attempts} tries")]
    private partial void LogParked(Exception exception, string topic, Guid subjectId, Guid tenantId, int attempts);
}

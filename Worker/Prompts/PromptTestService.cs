using System.Collections.Concurrent;
using Workflows.Data.Prompts;
using Workflows.Data.Rounds;
using Workflows.Models;

namespace Workflows.Worker.Prompts;

/// <summary>
/// Carries runs of test sets on: takes questions that are due, asks, writes the outcome. Nothing of a run is only in
/// memory: a question whose worker dies is due again after its lease, and one whose worker stops at once.
/// </summary>
internal sealed partial class PromptTestService(
    PromptWorkStore store, PromptExaminer examiner, Loop loop, Patience patience, TimeProvider clock,
    ILogger<PromptTestService> log) : BackgroundService
{
    private static readonly TimeSpan IdlePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(Guid, Guid, int), Task> _underWay = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await loop.RunAsync("Carrying prompt tests on", RoundAsync, stoppingToken);
        await Task.WhenAll(_underWay.Values);
    }

    /// <summary>Takes as many questions as there is room for.</summary>
    internal async Task<TimeSpan> RoundAsync(CancellationToken stoppingToken)
    {
        var room = Limits.PromptQuestionsAtOnce - _underWay.Count;
        if (room == 0)
        {
            return BusyPause;
        }

        var questions = await store.ClaimAsync(room, stoppingToken);
        foreach (var question in questions)
        {
            var key = (question.TenantId, question.Id, question.Attempt);
            var task = CarryAsync(question, stoppingToken);
            _underWay[key] = task;
            _ = task.ContinueWith(
                _ => _underWay.TryRemove(key, out var _), CancellationToken.None, TaskContinuationOptions.None,
                TaskScheduler.Default);
        }

        return questions.Count > 0 ? BusyPause : IdlePause;
    }

    private async Task CarryAsync(PromptQuestion question, CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var lease = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var renewing = RenewAsync(question, lease);
        try
        {
            await CarryAsync(question, lease, stoppingToken);
        }
#pragma warning disable CA1031 // whatever happened to one question, the others go on; it is due again after its lease
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogLeft(exception, question.Id, question.TenantId);
        }

        await lease.CancelAsync();
        await renewing;
    }

    private async Task CarryAsync(
        PromptQuestion question, CancellationTokenSource lease, CancellationToken stoppingToken)
    {
        PromptOutcome outcome;
        try
        {
            outcome = question.Attempt > Limits.PromptLosses
                ? PromptExaminer.Failed("INTERNAL", "Its workers ended each time while working on it.")
                : await examiner.ExamineAsync(question, lease.Token);
        }
        catch (Exception) when (lease.IsCancellationRequested)
        {
            // Cancelled, or taken over by somebody else: then there is nothing to give back.
            if (stoppingToken.IsCancellationRequested)
            {
                await store.PutBackAsync(question, TimeSpan.Zero, CancellationToken.None);
            }

            return;
        }
        catch (ModelException exception) when (exception.IsTransient && question.Attempt < Limits.PromptTries)
        {
            var pause = exception.RetryAfter ?? RetryPause * Math.Pow(2, question.Attempt);
            await store.PutBackAsync(
                question, pause < LongestPause ? pause : LongestPause, CancellationToken.None);
            return;
        }
        catch (ModelException exception)
        {
            outcome = PromptExaminer.Failed(exception.Code, exception.Message);
        }
        catch (Exception exception) when (question.Attempt >= Limits.PromptTries)
        {
            LogLeft(exception, question.Id, question.TenantId);
            outcome = PromptExaminer.Failed("INTERNAL", "The question could not be carried on.");
        }

        await patience.WaitAsync(EndAsync, CancellationToken.None);

        async Task<bool> EndAsync()
        {
            await store.EndAsync(question, outcome, CancellationToken.None);
            return true;
        }
    }

    // Says now and then that the question has a worker; ends the work on one that is not this worker's any more.
    private async Task RenewAsync(PromptQuestion question, CancellationTokenSource lease)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Limits.PromptRenewal, clock, lease.Token);
                if (!await patience.WaitAsync(() => store.RenewAsync(question, lease.Token), lease.Token))
                {
                    await lease.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException) when (lease.IsCancellationRequested)
        {
            // The work has ended.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Question {Id} of a prompt test of tenant {TenantId} failed")]
    private partial void LogLeft(Exception exception, Guid id, Guid tenantId);
}

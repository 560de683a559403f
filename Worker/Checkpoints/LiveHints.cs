using System.Text.Json;
using Workflows.Data.Executions;
using Workflows.Data.Live;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Checkpoints;

/// <summary>
/// Tells who looks on what executions do, once it is durable. Ids and small fields only. Costs nothing while nobody
/// looks on.
/// </summary>
internal sealed class LiveHints(LivePublisher publisher, LiveWatches watches, TimeProvider clock)
{
    /// <summary>Tells that executions were taken up.</summary>
    public void Began(IReadOnlyList<ClaimedExecution> claimed)
    {
        if (watches.IsEmpty)
        {
            return;
        }

        var at = clock.GetUtcNow();
        foreach (var tenant in claimed.GroupBy(execution => execution.Key.TenantId))
        {
            var news = new News(tenant.Key, watches, at);
            foreach (var execution in tenant)
            {
                news.Status(execution, "running");
            }

            publisher.Publish(tenant.Key, news.Close());
        }
    }

    /// <summary>Tells of a committed checkpoint.</summary>
    public void Announce(IReadOnlyList<Progress> batch)
    {
        if (watches.IsEmpty)
        {
            return;
        }

        var at = clock.GetUtcNow();
        foreach (var tenant in batch.GroupBy(progress => progress.Execution.Key.TenantId))
        {
            var news = new News(tenant.Key, watches, at);
            foreach (var progress in tenant)
            {
                news.Add(progress);
            }

            publisher.Publish(tenant.Key, news.Close());
        }
    }

    /// <summary>The messages of one tenant.</summary>
    private sealed class News(Guid tenantId, LiveWatches watches, DateTimeOffset at)
    {
        private readonly List<LiveMessage> _messages = [];
        private readonly List<(ClaimedExecution Execution, string Status)> _changed = [];
        private readonly bool _areAllWatched = watches.IsWatched(tenantId);

        public void Add(Progress progress)
        {
            var claimed = progress.Execution.Claimed;
            if (watches.IsWatched(tenantId, claimed.Key.Id))
            {
                var topic = LiveTopics.Execution(claimed.Key.Id);
                AddSteps(topic, progress.Steps);
                foreach (var wait in progress.Opened)
                {
                    _messages.Add(LiveMessage.Of(topic, "wait.opened", at, data => WriteWait(data, wait)));
                }

                foreach (var run in progress.StartAfter.Take(Limits.LiveStepsPerCheckpoint))
                {
                    _messages.Add(LiveMessage.Of(topic, "step.started", at, data => WriteRun(data, run)));
                }
            }

            var status = progress.Finished?.Status ?? (progress.Pauses ? "paused" : progress.Parks ? "waiting" : null);
            if (status is not null)
            {
                Status(claimed, status);
            }
        }

        public void Status(ClaimedExecution execution, string status)
        {
            if (_areAllWatched && execution.Version != ClaimedExecution.VersionOfTests)
            {
                _changed.Add((execution, status));
            }

            if (watches.IsWatched(tenantId, execution.Key.Id))
            {
                _messages.Add(LiveMessage.Of(
                    LiveTopics.Execution(execution.Key.Id), $"execution.{status}", at,
                    data => WriteStatus(data, execution, status)));
            }
        }

        public List<LiveMessage> Close()
        {
            foreach (var changed in _changed.Chunk(Limits.LiveStatusesPerMessage))
            {
                _messages.Add(LiveMessage.Of(LiveTopics.Executions, "executions.changed", at, data =>
                {
                    data.WriteStartArray("executions"u8);
                    foreach (var (execution, status) in changed)
                    {
                        data.WriteStartObject();
                        WriteStatus(data, execution, status);
                        data.WriteEndObject();
                    }

                    data.WriteEndArray();
                }));
            }

            return _messages;
        }

        // The rounds of a large loop are told by their number; who looks on reads what he wants of them.
        private void AddSteps(string topic, IReadOnlyList<StepRow> steps)
        {
            foreach (var step in steps.Take(Limits.LiveStepsPerCheckpoint))
            {
                _messages.Add(LiveMessage.Of(topic, $"step.{step.Status}", at, data => WriteStep(data, step)));
            }

            if (steps.Count > Limits.LiveStepsPerCheckpoint)
            {
                _messages.Add(LiveMessage.Of(topic, "steps.recorded", at, data =>
                {
                    data.WriteNumber("count"u8, steps.Count - Limits.LiveStepsPerCheckpoint);
                    data.WriteNumber("sequence"u8, steps[^1].Sequence);
                }));
            }
        }

        private static void WriteStep(Utf8JsonWriter data, StepRow step)
        {
            Write(data, step.NodeId, step.Iteration, step.Attempt);
            data.WriteString("nodeType"u8, step.NodeType);
            data.WriteString("status"u8, step.Status);
            data.WriteNumber("sequence"u8, step.Sequence);
            data.WriteNumber("durationMs"u8, (long)(step.FinishedAt - step.StartedAt).TotalMilliseconds);
            data.WriteNumber("outputBytes"u8, step.Output?.Length ?? 0);
        }

        private static void WriteWait(Utf8JsonWriter data, WaitRow wait)
        {
            Write(data, wait.NodeId, wait.Iteration, wait.Attempt);
            data.WriteString("kind"u8, wait.Kind);
            if (wait.DueAt is { } dueAt)
            {
                data.WriteString("dueAt"u8, dueAt);
            }
        }

        private static void WriteRun(Utf8JsonWriter data, NodeRun run)
        {
            Write(data, run.NodeId, run.Iteration, run.Attempt);
            data.WriteString("nodeType"u8, run.Type);
        }

        private static void Write(Utf8JsonWriter data, string nodeId, string iteration, int attempt)
        {
            data.WriteString("nodeId"u8, nodeId);
            data.WriteString("iteration"u8, iteration);
            data.WriteNumber("attempt"u8, attempt);
        }

        private static void WriteStatus(Utf8JsonWriter data, ClaimedExecution execution, string status)
        {
            data.WriteString("id"u8, execution.Key.Id);
            data.WriteString("workflowId"u8, execution.WorkflowId);
            data.WriteString("status"u8, status);
        }
    }
}

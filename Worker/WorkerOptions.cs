namespace Workflows.Worker;

/// <summary>Section <c>Worker</c> of the configuration.</summary>
public sealed record WorkerOptions
{
    /// <summary>Executions in memory at once; more wait in PostgreSQL.</summary>
    public int MaxInFlight { get; init; } = 1_000;

    /// <summary>
    /// Threads for the decisions of tenants that use much of a processor; null = one fewer than there are processors,
    /// and one at least.
    /// </summary>
    public int? DecisionThreads { get; init; }

    /// <summary>
    /// An execution whose worker is lost so many times in a row, without a step that became durable in between, is
    /// failed with <c>WORKER_LOST</c>: most likely it is what ends the workers.
    /// </summary>
    public int MaxRescues { get; init; } = 3;

    /// <summary>Checkpoints under way at once. One makes the largest batches; a second uses the time in which the first waits for the disk.</summary>
    public int CheckpointLanes { get; init; } = 2;

    /// <summary>A worker without a heartbeat for this long is taken for dead.</summary>
    public double LeaseSeconds { get; init; } = 2.0;

    public double HeartbeatSeconds { get; init; } = 0.5;

    /// <summary>How often the database is searched for queued executions that no stream told of.</summary>
    public double SweepSeconds { get; init; } = 1.0;

    /// <summary>Running steps have this long to end after SIGTERM; then the executions are handed to other workers.</summary>
    public double StopGraceSeconds { get; init; } = 10.0;

    /// <summary>
    /// How long executions, their steps and events are kept after the month in which they began has ended, unless
    /// their workflow says
    /// otherwise (<c>settings.retentionDays</c>, from the end of each execution).
    /// </summary>
    public int RetentionDays { get; init; } = 30;

    /// <summary>How long logs of executions are kept after the day on which they were written.</summary>
    public int LogRetentionDays { get; init; } = 7;

    /// <summary>Metrics that programs report, by minute.</summary>
    public int MetricRetentionDays { get; init; } = 90;

    /// <summary>How long hourly figures of workflows are kept.</summary>
    public int PerformanceRetentionDays { get; init; } = 365;

    /// <summary>Days that calls of models are kept one by one; their sums by day as
    /// <see cref="PerformanceRetentionDays"/> says.</summary>
    public int ModelCallRetentionDays { get; init; } = 90;

    /// <summary>How long the audit trail is kept.</summary>
    public int ActivityRetentionDays { get; init; } = 365;

    /// <summary>How long runs of jobs and packages are kept with their items after they ended.</summary>
    public int JobRunRetentionDays { get; init; } = 365;

    /// <summary>How long dead letters are kept, whether somebody dealt with them or not.</summary>
    public int DeadLetterRetentionDays { get; init; } = 365;

    /// <summary>How long sessions of people are kept after they expired or were ended.</summary>
    public int SessionRetentionDays { get; init; } = 30;

    /// <summary>
    /// Networks and hosts that http nodes may call although they are private, loopback or link-local: CIDR ranges or host names, each
    /// with an optional port. Empty by default.
    /// </summary>
    public IReadOnlyList<string> HttpAllow { get; init; } = [];

    /// <summary>The folder under which each tenant has one for its file nodes; null = there is none.</summary>
    public string? FileRoot { get; init; }

    /// <summary>Bytes that the files of one tenant may hold below <see cref="FileRoot"/>; 1 GiB by default.</summary>
    public long FileQuotaBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Files that one tenant may have below <see cref="FileRoot"/>.</summary>
    public int FileQuotaCount { get; init; } = 100_000;

    /// <summary>Programs that <c>script</c> nodes may run, by name (docs/scripts.md). None by default.</summary>
    public IReadOnlyDictionary<string, Nodes.ScriptOptions> Scripts { get; init; } = new Dictionary<string, Nodes.ScriptOptions>();

    /// <summary>Whether connectors of tenants may reach the database of the platform itself.</summary>
    public bool AllowPlatformDatabase { get; init; }
}

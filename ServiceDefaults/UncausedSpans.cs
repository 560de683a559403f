using System.Diagnostics;
using OpenTelemetry;

namespace Workflows.ServiceDefaults;

/// <summary>
/// Keeps out of the traces what nobody caused: statements of heartbeats, sweeps and polls, some thirty a second at
/// rest, would bury the rest; and what lies below a span that is itself left out.
/// </summary>
internal sealed class UncausedSpans : BaseProcessor<Activity>
{
    private const string Database = "Npgsql";

    public override void OnStart(Activity data)
    {
        var isUncaused = data.Parent is null && data.ParentSpanId == default && data.Source.Name == Database;
        if (isUncaused || data.Parent is { Recorded: false })
        {
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            data.IsAllDataRequested = false;
        }
    }
}

using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Workflows.AppHost.Commands;

/// <summary>When a command can be given.</summary>
internal static class CommandStates
{
    public static ResourceCommandState WhenHealthy(UpdateCommandStateContext context) =>
        context.ResourceSnapshot.HealthStatus is HealthStatus.Healthy
            ? ResourceCommandState.Enabled
            : ResourceCommandState.Disabled;
}

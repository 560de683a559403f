using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Workflows.AppHost.Local;

namespace Workflows.AppHost.Commands;

/// <summary>Restarts a worker without losing what it does.</summary>
internal static class DrainCommand
{
    public static IResourceBuilder<ProjectResource> WithDrainCommand(this IResourceBuilder<ProjectResource> worker) =>
        worker.WithCommand("drain", "Drain and restart", RestartAsync, new CommandOptions
        {
            Description = "Has this worker hand back its executions, which others carry on, and starts it again.",
            IconName = "ArrowSync",
            UpdateState = CommandStates.WhenHealthy,
        });

    private static async Task<ExecuteCommandResult> RestartAsync(ExecuteCommandContext context)
    {
        var instance = context.Services.GetRequiredService<Instances>().All()
            .FirstOrDefault(each => each.Id == context.ResourceName);
        if (instance is null)
        {
            return CommandResults.Failure($"Nothing runs as {context.ResourceName}.");
        }

        var time = Stopwatch.StartNew();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        timeout.CancelAfter(Limits.Order);
        try
        {
            await context.Services.GetRequiredService<InstanceControl>().RestartAsync(instance, timeout.Token);
            return CommandResults.Success(
                $"{instance.Name} was drained and is back after {time.Elapsed.TotalSeconds:0.0} s.");
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            return CommandResults.Failure(
                $"{instance.Name} did not come back within {Limits.Order.TotalSeconds:0} s; see its console logs.");
        }
        catch (DistributedApplicationException exception)
        {
            return CommandResults.Failure(exception);
        }
    }
}

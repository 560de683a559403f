using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Embedded;

/// <summary>
/// Asks every running replica of a resource; all have to answer with the status code. One that has ended shows by its
/// state and does not make the others unhealthy.
/// </summary>
internal sealed class HttpEndpointHealthCheck(
    Orchestrator orchestrator, string resourceName, string endpointName, string path, int statusCode) : IHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private static readonly HttpClient Client = new() { Timeout = Timeout };

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        foreach (var instance in orchestrator.InstancesOf(resourceName).Where(instance => instance.State == KnownResourceStates.Running))
        {
            if (instance.UrlOf(endpointName) is not { } url)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"{instance.Name} has no endpoint '{endpointName}'.");
            }

            try
            {
                using var response = await Client.GetAsync(new Uri(new Uri(url), path), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if ((int)response.StatusCode != statusCode)
                {
                    return new HealthCheckResult(
                        context.Registration.FailureStatus, $"{instance.Name}: GET {path} gave {(int)response.StatusCode}, not {statusCode}.");
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"{instance.Name}: GET {path}: {exception.Message}", exception);
            }
        }

        return HealthCheckResult.Healthy();
    }
}

namespace Workflows.AppHost.Local;

/// <summary>Asks one instance of a service whether it is healthy.</summary>
/// <param name="patience">For one answer.</param>
internal sealed class HealthProbe(TimeSpan patience) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = patience };

    /// <summary>Returns once /health below <paramref name="service"/> says so.</summary>
    /// <exception cref="OperationCanceledException">
    /// Only if <paramref name="cancellationToken"/> asks for it.
    /// </exception>
    public async Task UntilHealthyAsync(Uri service, CancellationToken cancellationToken)
    {
        var health = new Uri(service, "/health");
        while (!await IsHealthyAsync(health, cancellationToken))
        {
            await Task.Delay(Limits.Poll, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<bool> IsHealthyAsync(Uri health, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.GetAsync(health, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It does not listen yet.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false; // It listens and is still starting, or is busy: this answer took too long, not the order.
        }
    }
}

using System.Collections.Concurrent;

namespace Workflows.Testing;

/// <summary>
/// A load balancer over several instances of the API, as simple as they come: it asks each for its health again and again and sends each request to the next
/// one that is ready. It repeats nothing, whatever happens to a request.
/// </summary>
public sealed class Balancer : DelegatingHandler
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);

    private readonly Uri[] _instances;
    private readonly ConcurrentDictionary<Uri, int> _answered = new();
    private volatile Uri[] _ready = [];
    private int _next;
    private volatile bool _disposed;
    private long _slowestTicks;

    public Balancer(IReadOnlyList<Uri> instances)
        : base(new SocketsHttpHandler { UseProxy = false })
    {
        _instances = [.. instances];
        _ = ProbeAsync();
    }

    /// <summary>Requests that were not answered, or by 429 or 5xx, and why.</summary>
    public ConcurrentQueue<string> Failures { get; } = new();

    /// <summary>Answers by instance.</summary>
    public IReadOnlyDictionary<Uri, int> Answered => _answered;

    /// <summary>Instances that get requests at the moment.</summary>
    public int Ready => _ready.Length;

    /// <summary>The longest time that an answer took.</summary>
    public TimeSpan Slowest => TimeSpan.FromTicks(Volatile.Read(ref _slowestTicks));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var ready = _ready;
        if (ready.Length == 0)
        {
            Failures.Enqueue("No instance was ready.");
            throw new HttpRequestException("No instance is ready.");
        }

        var chosen = ready[(int)((uint)Interlocked.Increment(ref _next) % (uint)ready.Length)];
        request.RequestUri = new Uri(chosen, request.RequestUri!.PathAndQuery);
        var started = TimeProvider.System.GetTimestamp();
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            if ((int)response.StatusCode is 429 or >= 500)
            {
                var body = await response.Content.ReadAsStringAsync(cancellationToken);
                Failures.Enqueue($"{response.StatusCode} from {request.RequestUri}: {body}");
            }

            _answered.AddOrUpdate(chosen, 1, (_, count) => count + 1);
            NoteTime(TimeProvider.System.GetElapsedTime(started).Ticks);
            return response;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            Failures.Enqueue($"{request.RequestUri}: {exception}");
            throw;
        }
    }

    private void NoteTime(long ticks)
    {
        var slowest = Volatile.Read(ref _slowestTicks);
        while (ticks > slowest && Interlocked.CompareExchange(ref _slowestTicks, ticks, slowest) is var seen && seen != slowest)
        {
            slowest = seen;
        }
    }

    private async Task ProbeAsync()
    {
        using var prober = new HttpClient(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = ProbeTimeout };
        while (!_disposed)
        {
            var healthy = await Task.WhenAll(_instances.Select(instance => IsReadyAsync(prober, instance)));
            _ready = [.. _instances.Where((_, index) => healthy[index])];
            await Task.Delay(Period, TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient prober, Uri instance)
    {
        try
        {
            using var response = await prober.GetAsync(new Uri(instance, "/health"), CancellationToken.None);
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true; // ends the probing
        base.Dispose(disposing);
    }
}

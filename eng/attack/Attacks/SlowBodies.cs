using System.Net.Sockets;
using System.Text;

namespace Workflows.Attack.Attacks;

/// <summary>Hundreds of anonymous callers who send a large body to the login and never end it.</summary>
internal sealed class SlowBodies : IAttack
{
    private const int Connections = 500;
    private const int SentBytes = 1024 * 1024; // each, at once; then a drop at a time
    private const int MemoryGrowth = 256; // MiB; all that is sent is 500

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public string Name => "slow-bodies";

    public string Promise => "500 unfinished bodies of anonymous callers neither fill the API's memory nor hold up B";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var latency = new Latency(0, 0, 0, 0, null);
        var open = 0;
        var (before, most) = await stage.WatchMemoryAsync("api", async () =>
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var callers = Enumerable.Range(0, Connections)
                .Select(_ => DripAsync(stage.Platform.Api, () => Interlocked.Increment(ref open), ending.Token))
                .ToList();
            latency = await stage.MeasureCallsAsync(Watched, cancellationToken);
            await ending.CancelAsync();
            await Task.WhenAll(callers);
        }, cancellationToken);
        return new Verdict(
            latency.Failed == 0 && most - before < MemoryGrowth,
            $"{open} of {Connections} could send {SentBytes / 1024} KiB; "
                + $"the API grew from {before} to {most} MiB; {latency}");
    }

    private static async Task DripAsync(Uri api, Action onSent, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(api.Host, api.Port, cancellationToken);
            var head = $"POST /api/v1/auth/login HTTP/1.1\r\nHost: {api.Authority}\r\n"
                + $"Content-Type: application/json\r\nContent-Length: {SentBytes * 4}\r\n\r\n";
            await SendAsync(socket, Encoding.ASCII.GetBytes(head), cancellationToken);
            await SendAsync(socket, new byte[SentBytes], cancellationToken);
            onSent();
            while (true)
            {
                await SendAsync(socket, new byte[400], cancellationToken);
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }
        }
        catch (SocketException)
        {
            // The API has closed it, as it should.
        }
        catch (OperationCanceledException)
        {
            // The attack is over.
        }
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Workflows.Testing;

/// <summary>What speaks on a mail server's port and gives the answers it was told, however wrong they are.</summary>
public sealed class ScriptedMailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, IEnumerable<string?>> _answers =
        new(StringComparer.OrdinalIgnoreCase);

    private readonly Task _accepting;

    public ScriptedMailServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Every line that came.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>
    /// Says what is sent, piece by piece and as it is, to a line that begins so; an empty beginning stands for the
    /// greeting.
    /// </summary>
    /// <param name="pieces">May have no end. Null hangs up.</param>
    public void Answer(string beginning, IEnumerable<string?> pieces) => _answers[beginning] = pieces;

    /// <inheritdoc cref="Answer(string, IEnumerable{string?})"/>
    public void Answer(string beginning, params string?[] pieces) => Answer(beginning, (IEnumerable<string?>)pieces);

    private async Task AcceptAsync()
    {
        var conversations = new List<Task>();
        try
        {
            while (true)
            {
                conversations.Add(TalkAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(conversations);
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using var _ = client;
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        try
        {
            var goesOn = await SayAsync(stream, _answers.GetValueOrDefault("", ["220 test\r\n"]));
            while (goesOn && await reader.ReadLineAsync(_stopping.Token) is { } line)
            {
                Lines.Enqueue(line);
                goesOn = await SayAsync(stream, AnswerTo(line));
                if (line == "DATA" && !_answers.ContainsKey(line))
                {
                    goesOn = await TakeMessageAsync(reader) && await SayAsync(stream, [Usual("")]);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            Lines.Enqueue("(connection lost)");
        }
    }

    /// <summary>
    /// Reads a message to its end; no answer may be sent before, or the sender goes on without waiting.
    /// </summary>
    private async Task<bool> TakeMessageAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync(_stopping.Token) is { } line)
        {
            Lines.Enqueue(line);
            if (line == ".")
            {
                return true;
            }
        }

        return false;
    }

    private async Task<bool> SayAsync(NetworkStream stream, IEnumerable<string?> pieces)
    {
        foreach (var piece in pieces)
        {
            if (piece is null)
            {
                return false;
            }

            await stream.WriteAsync(Encoding.UTF8.GetBytes(piece), _stopping.Token);
        }

        return true;
    }

    private IEnumerable<string?> AnswerTo(string line) =>
        _answers.Where(known => known.Key.Length > 0 && line.StartsWith(known.Key, StringComparison.OrdinalIgnoreCase))
            .Select(known => known.Value).FirstOrDefault() ?? [Usual(line)];

    private static string Usual(string line) =>
        line.StartsWith("AUTH", StringComparison.OrdinalIgnoreCase) ? "235 welcome\r\n"
        : line == "DATA" ? "354 go on\r\n"
        : line == "QUIT" ? "221 bye\r\n"
        : "250 ok\r\n";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }
}

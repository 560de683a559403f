using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Workflows.Testing;

/// <summary>A message as the server took it.</summary>
public sealed record ReceivedMail(string From, IReadOnlyList<string> To, string Content)
{
    /// <summary>A header's value, unfolded; null when there is none.</summary>
    public string? Header(string name) => Content[..Content.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Replace("\r\n ", " ", StringComparison.Ordinal)
        .Split("\r\n").Where(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 2)..]).FirstOrDefault();
}

/// <summary>A small real mail server on loopback: greets, logs in, takes messages. It can be told to answer otherwise.</summary>
public sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;

    public MailServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<ReceivedMail> Mails { get; } = new();

    /// <summary>Every command line that came.</summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>The one user who may log in; null = nobody has to.</summary>
    public (string Name, string Password)? User { get; init; }

    /// <summary>Answers instead of the usual ones, by the beginning of the command.</summary>
    public ConcurrentDictionary<string, string> Answers { get; } = new(StringComparer.OrdinalIgnoreCase);

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
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        await using var writer = new StreamWriter(client.GetStream(), new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
        try
        {
            await writer.WriteLineAsync("220 test");
            var (from, to) = ("", new List<string>());
            while (await reader.ReadLineAsync(_stopping.Token) is { } line)
            {
                Commands.Enqueue(line);
                var answer = Answers.FirstOrDefault(known => line.StartsWith(known.Key, StringComparison.OrdinalIgnoreCase)).Value;
                if (answer is null && line.StartsWith("MAIL FROM:", StringComparison.OrdinalIgnoreCase))
                {
                    (from, to) = (line[10..].Trim('<', '>'), []);
                }
                else if (answer is null && line.StartsWith("RCPT TO:", StringComparison.OrdinalIgnoreCase))
                {
                    to.Add(line[8..].Trim('<', '>'));
                }
                else if (answer is null && line == "DATA")
                {
                    await writer.WriteLineAsync("354 go on");
                    Mails.Enqueue(new ReceivedMail(from, to, await ReadContentAsync(reader)));
                }

                await writer.WriteLineAsync(answer ?? Usual(line));
                if (line == "QUIT")
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            Commands.Enqueue("(connection lost)");
        }
    }

    private string Usual(string line)
    {
        if (line.StartsWith("EHLO", StringComparison.Ordinal))
        {
            return User is null ? "250 test" : "250-test\r\n250 AUTH PLAIN";
        }

        if (line.StartsWith("AUTH PLAIN ", StringComparison.Ordinal))
        {
            return User is { } user && line[11..] == Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user.Name}\0{user.Password}")) ? "235 welcome" : "535 no";
        }

        return line == "QUIT" ? "221 bye" : "250 ok";
    }

    private static async Task<string> ReadContentAsync(StreamReader reader)
    {
        var content = new StringBuilder();
        while (await reader.ReadLineAsync() is { } line && line != ".")
        {
            content.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        }

        return content.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }
}

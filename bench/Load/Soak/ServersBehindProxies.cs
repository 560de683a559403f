using System.Globalization;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>
/// Programs that the AppHost takes for PostgreSQL and Redis: they start the genuine ones at other ports, and a
/// <see cref="TcpProxy"/> listens where the AppHost wanted them to. So the services go through it, and nothing of the
/// platform knows.
/// </summary>
internal sealed class ServersBehindProxies : IAsyncDisposable
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode Writable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
        | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly string _postgresAddress;
    private readonly string _redisAddress;
    private readonly Task<TcpProxy> _postgres;
    private readonly Task<TcpProxy> _redis;

    public ServersBehindProxies()
    {
        Folder = Directory.CreateTempSubdirectory("workflows-servers-").FullName;
        File.SetUnixFileMode(Folder, Executable);
        var genuine = Repository.ServersBin();
        foreach (var program in Directory.EnumerateFileSystemEntries(genuine))
        {
            if (Path.GetFileName(program) is not ("postgres" or "redis-server") and var name)
            {
                File.CreateSymbolicLink(Path.Combine(Folder, name), program);
            }
        }

        (_postgresAddress, _redisAddress) = (AddressFile("postgres"), AddressFile("redis"));
        var (postgresPort, redisPort) = (FreePort.Next(), FreePort.Next());
        Write("postgres", PostgresScript(Path.Combine(genuine, "postgres"), _postgresAddress, postgresPort));
        Write("redis-server", RedisScript(Path.Combine(genuine, "redis-server"), _redisAddress, redisPort));
        _postgres = ListenAsync(_postgresAddress, postgresPort);
        _redis = ListenAsync(_redisAddress, redisPort);
    }

    /// <summary>The folder of programs, for <c>WORKFLOWS_SERVERS_BIN</c>.</summary>
    public string Folder { get; }

    /// <summary>Once the platform has started.</summary>
    public async Task<IReadOnlyList<TcpProxy>> ProxiesAsync() => [await _postgres, await _redis];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var proxy in (Task<TcpProxy>[])[_postgres, _redis])
        {
            if (proxy.IsCompletedSuccessfully)
            {
                await (await proxy).DisposeAsync();
            }
        }

        _stop.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    // The server may run as nobody, and says there at which port it was wanted.
    private string AddressFile(string name)
    {
        var path = Path.Combine(Folder, $"{name}.port");
        File.WriteAllText(path, "");
        File.SetUnixFileMode(path, Writable);
        return path;
    }

    private void Write(string name, string script)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, script);
        File.SetUnixFileMode(path, Executable);
    }

    private async Task<TcpProxy> ListenAsync(string addressFile, int target)
    {
        while (true)
        {
            var text = await File.ReadAllTextAsync(addressFile, _stop.Token);
            if (text.EndsWith('\n') && int.TryParse(text, CultureInfo.InvariantCulture, out var port))
            {
                return new TcpProxy(port, target);
            }

            await Task.Delay(Poll, _stop.Token);
        }
    }

    private static string PostgresScript(string program, string addressFile, int port) =>
        $"""
        #!/bin/sh
        count=$# before=
        while [ "$count" -gt 0 ]; do
            word=$1
            shift
            if [ "$before" = -p ]; then echo "$word" >'{addressFile}'; word={port}; fi
            set -- "$@" "$word"
            before=$word count=$((count - 1))
        done
        exec '{program}' "$@"

        """;

    // Its settings come by standard input, the port in a line of its own.
    private static string RedisScript(string program, string addressFile, int port) =>
        $"""
        #!/bin/sh
        settings=$(cat)
        printf '%s\n' "$settings" | sed -n 's/^port //p' >'{addressFile}'
        settings=$(printf '%s\n' "$settings" | sed 's/^port .*/port {port}/')
        exec '{program}' "$@" <<END
        $settings
        END

        """;
}

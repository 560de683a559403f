using System.Collections.Concurrent;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Embedded;

/// <summary>
/// Every line of every process, prefixed with its name, on the console and in <c>.local/logs/NAME.log</c>. A log file
/// has a limit; the one before it is kept as <c>NAME.log.1</c>.
/// </summary>
internal sealed class ConsoleOutput(IConfiguration configuration) : IDisposable
{
    private const long MaxLogBytes = 32 * 1024 * 1024;
    private const int MinPrefixWidth = 10;
    private const string Reset = "\e[0m";

    private static readonly string[] Colours = ["\e[36m", "\e[33m", "\e[32m", "\e[35m", "\e[34m", "\e[96m", "\e[93m", "\e[92m"];

    private readonly Lock _console = new();
    private readonly ConcurrentDictionary<string, string> _prefixes = new();
    private readonly ConcurrentDictionary<string, LogFile> _logs = new();
    private readonly bool _coloured = string.IsNullOrEmpty(configuration["NO_COLOR"])
        && (!Console.IsOutputRedirected || configuration["CLICOLOR_FORCE"] == "1");

    private readonly bool _silent = configuration.GetValue<bool>("Embedded:Silent");

    /// <summary>A line of the host itself.</summary>
    public void Say(string line) => Write("apphost", line);

    /// <summary>A line of a process, for its log file. The servers' own lines are for those who look there.</summary>
    public void Relay(ResourceInstance instance, LocalFolder local, string line)
    {
        _logs.GetOrAdd(instance.Name, name => new LogFile(Path.Combine(local.Logs, $"{name}.log"))).Append(line);
        if (instance.Resource is ProjectResource)
        {
            Write(instance.Name, line);
        }
    }

    /// <summary>Several lines without a prefix, kept together.</summary>
    public void Print(string text)
    {
        if (_silent)
        {
            return;
        }

        lock (_console)
        {
            Console.Out.WriteLine(text);
        }
    }

    public void Dispose()
    {
        foreach (var log in _logs.Values)
        {
            log.Dispose();
        }
    }

    internal static string Describe(ResourceStatus status) => status switch
    {
        { State: var state, Health: { } health } when state == KnownResourceStates.Running => $"{state} ({health})",
        { State: var state, ExitCode: { } code } => $"{state} (code {code})",
        _ => status.State,
    };

    private void Write(string name, string line)
    {
        if (_silent)
        {
            return;
        }

        var prefix = _prefixes.GetOrAdd(name, PrefixOf);
        lock (_console)
        {
            Console.Out.WriteLine(prefix + line);
        }
    }

    private string PrefixOf(string name)
    {
        var padded = name.PadRight(MinPrefixWidth);
        return _coloured ? $"{Colours[_prefixes.Count % Colours.Length]}{padded}{Reset} | " : $"{padded} | ";
    }

    private sealed class LogFile : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly string _path;

        private StreamWriter _writer;
        private long _written;

        public LogFile(string path)
        {
            _path = path;
            _writer = Open();
        }

        public void Append(string line)
        {
            lock (_lock)
            {
                if (_written > MaxLogBytes)
                {
                    _writer.Dispose();
                    _writer = Open();
                }

                _writer.WriteLine(line);
                _written += line.Length + 1;
            }
        }

        public void Dispose() => _writer.Dispose();

        private StreamWriter Open()
        {
            if (File.Exists(_path))
            {
                File.Move(_path, $"{_path}.1", overwrite: true);
            }

            _written = 0;
            return new StreamWriter(_path) { AutoFlush = true };
        }
    }
}

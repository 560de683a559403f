using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Workflows.Worker;

/// <summary>
/// Keeps the secrets that a worker was given by environment variable from the programs that it runs: other processes of
/// the same user read <c>/proc/PID/environ</c>. Linux only; elsewhere nothing is done, and no scripts run.
/// </summary>
/// <remarks>
/// Does not keep them from a program that runs as root, which reads any memory, nor from one that finds them elsewhere:
/// in a file that the worker's user may read.
/// </remarks>
internal static unsafe partial class OwnEnvironment
{
    private const int SetDumpable = 4;

    // Fields 50 and 51 of proc_pid_stat(5), counted from 1; what follows the name begins with field 3.
    private const int EnvironmentStart = 50 - 3;
    private const int EnvironmentEnd = 51 - 3;

    // Of scripts: what the operator gives one of them is not for the others.
    private static readonly string[] SecretSections =
        ["ConnectionStrings__", "Database__", "Security__", "Secrets__", "Worker__Scripts__"];

    // Variables from which others are put together, and those of telemetry.
    private static readonly string[] SecretWords = ["PASSWORD", "SECRET", "TOKEN", "KEY", "HEADERS"];

    /// <summary>
    /// To be called once the configuration has been read: overwrites the values where the system keeps them, and closes
    /// the process's memory to others of its user (no debugger, no dump of a crash).
    /// </summary>
    /// <exception cref="InvalidOperationException">The system does not let it; the worker should not start then.
    /// </exception>
    public static void Hide()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // Nothing managed asks the system any more after the first enumeration, which keeps all.
        _ = Environment.GetEnvironmentVariables();
        Overwrite();
        if (Control(SetDumpable, 0, 0, 0, 0) != 0)
        {
            throw new InvalidOperationException(
                $"The worker's memory cannot be closed to other processes: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    internal static bool IsSecret(string name) =>
        Array.Exists(SecretSections, section => name.StartsWith(section, StringComparison.OrdinalIgnoreCase))
        || Array.Exists(SecretWords, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static void Overwrite()
    {
        var known = File.ReadAllBytes("/proc/self/environ");
        var stat = File.ReadAllText("/proc/self/stat");
        var afterName = stat.LastIndexOf(')') + 2; // a name may hold anything, also spaces
        var fields = stat[afterName..].Split(' ');
        var start = ulong.Parse(fields[EnvironmentStart], CultureInfo.InvariantCulture);
        var end = ulong.Parse(fields[EnvironmentEnd], CultureInfo.InvariantCulture);
        var memory = new Span<byte>((void*)start, (int)(end - start));
        if (start == 0 || !memory.SequenceEqual(known))
        {
            throw new InvalidOperationException("The worker's environment is not where the system says it is.");
        }

        for (var position = 0; position < memory.Length;)
        {
            var length = memory[position..].IndexOf((byte)0);
            var entry = length < 0 ? memory[position..] : memory.Slice(position, length);
            var equals = entry.IndexOf((byte)'=');
            if (equals > 0 && IsSecret(Encoding.UTF8.GetString(entry[..equals])))
            {
                entry[(equals + 1)..].Clear();
            }

            position += entry.Length + 1;
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int option, nuint first, nuint second, nuint third, nuint fourth);
}

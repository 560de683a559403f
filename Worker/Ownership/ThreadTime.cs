using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Workflows.Worker.Ownership;

/// <summary>
/// The processor time of this thread. Unlike the time that passes it does not grow while the thread waits for a
/// processor, so that on a busy machine nobody is taken for heavy who is not.
/// </summary>
internal static partial class ThreadTime
{
    private const int ThreadProcessorTime = 3; // CLOCK_THREAD_CPUTIME_ID

    /// <summary>How old <see cref="Recent"/> may be, by the time that passes.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(5);

    [ThreadStatic]
    private static long _readAt;

    [ThreadStatic]
    private static TimeSpan _read;

    /// <summary>
    /// <see cref="Now"/>, or what it was a moment ago. To ask the kernel before each of thousands of cheap decisions
    /// costs a tenth of what they do.
    /// </summary>
    public static TimeSpan Recent
    {
        get
        {
            if (_readAt == 0 || Stopwatch.GetElapsedTime(_readAt) >= Slack)
            {
                (_read, _readAt) = (Now, Stopwatch.GetTimestamp());
            }

            return _read;
        }
    }

    /// <summary>Where there is no such clock: the time that passes, on no particular thread.</summary>
    public static TimeSpan Now =>
        OperatingSystem.IsLinux() && GetTime(ThreadProcessorTime, out var time) == 0
            ? new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick))
            : Stopwatch.GetElapsedTime(0);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetTime(int clock, out Time time);

    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

using System.Runtime.InteropServices;

namespace Workflows.Api;

/// <summary>Finds and runs the command that the first argument names.</summary>
internal static class OperatorCommands
{
    private const int CalledWrongly = 2;

    /// <summary>Whether the program was called with a command. Settings (<c>--Name=value</c>) are none.</summary>
    public static bool AreMeant(string[] args) => args is [{ Length: > 0 } name, ..] && name[0] != '-';

    /// <summary>Runs the command; Ctrl+C and SIGTERM cancel it.</summary>
    /// <param name="args">All arguments of the program.</param>
    /// <param name="all">The commands there are.</param>
    /// <returns>The exit code of the program.</returns>
    public static async Task<int> RunAsync(string[] args, IReadOnlyList<OperatorCommand> all)
    {
        if (all.FirstOrDefault(command => command.Name == args[0]) is not { } command)
        {
            await Console.Error.WriteLineAsync($"There is no command '{args[0]}'. There are:");
            foreach (var line in all.SelectMany(
                known => known.Usage.Split('\n').Select(usage => $"  {known.Name} {usage}")))
            {
                await Console.Error.WriteLineAsync(line);
            }

            return CalledWrongly;
        }

        using var stopping = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await command.RunAsync(args[1..], stopping.Token);

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }
    }
}

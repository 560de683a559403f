namespace Workflows.Api.Operator;

/// <summary>A task of the operator, which a process of the API does instead of serving: <c>dotnet Workflows.Api.dll
/// tenant list</c>.</summary>
internal interface IOperatorCommand
{
    /// <summary>The first word of the command line.</summary>
    string Name { get; }

    /// <summary>How it is written, a line per form.</summary>
    string Usage { get; }

    /// <summary>Does it. What scripts read goes to <paramref name="output"/>.</summary>
    /// <param name="services">Those of the API; nothing of it has been started.</param>
    /// <param name="arguments">The words after <see cref="Name"/>.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperatorCommandException">It cannot be done as it is asked for.</exception>
    Task RunAsync(IServiceProvider services, IReadOnlyList<string> arguments, TextWriter output,
        CancellationToken cancellationToken);
}

/// <summary>A command that cannot be done; the message says why and goes to standard error.</summary>
/// <param name="isUsage">Whether it was written wrongly, so that its form helps.</param>
internal sealed class OperatorCommandException(string message, bool isUsage = false) : Exception(message)
{
    public bool IsUsage => isUsage;
}

/// <summary>
/// The operator's commands. They have the configuration of the process that serves, and so its rights: who may run one
/// holds the platform's secrets already. Nothing of them can be reached over HTTP.
/// </summary>
internal static class OperatorCommands
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Misused = 2;

    public static IReadOnlyList<IOperatorCommand> All { get; } = [new TenantCommand(), new OperatorCommand()];

    /// <summary>Whether the command line asks for one; else it holds settings, as
    /// <c>--Section:Name=value</c>.</summary>
    public static bool IsCommand(IReadOnlyList<string> arguments) =>
        arguments.Count > 0 && arguments[0].Length > 0 && char.IsAsciiLetter(arguments[0][0])
            && !arguments[0].Contains('=', StringComparison.Ordinal);

    /// <returns>The exit code of the process.</returns>
    public static async Task<int> RunAsync(
        IServiceProvider services, IReadOnlyList<string> arguments, TextWriter output, TextWriter error,
        CancellationToken cancellationToken)
    {
        var command = All.FirstOrDefault(known => known.Name == arguments[0]);
        if (command is null)
        {
            await error.WriteLineAsync($"There is no command '{arguments[0]}'. Known are:");
            await error.WriteLineAsync(string.Join(Environment.NewLine, All.Select(known => known.Usage)));
            return Misused;
        }

        try
        {
            await command.RunAsync(services, [.. arguments.Skip(1)], output, cancellationToken);
            await output.FlushAsync(cancellationToken);
            return Done;
        }
        catch (OperatorCommandException exception)
        {
            await error.WriteLineAsync(exception.Message);
            if (exception.IsUsage)
            {
                await error.WriteLineAsync(command.Usage);
            }

            return exception.IsUsage ? Misused : Failed;
        }
    }
}

namespace Workflows.Api.Commands;

/// <summary>What a command of an operator works with.</summary>
/// <param name="Arguments">What follows its name.</param>
/// <param name="Configuration">As the service itself reads it: settings files, environment.</param>
/// <param name="Output">For its results.</param>
/// <param name="Errors">For what went wrong and what to do about it.</param>
internal sealed record CommandContext(
    IReadOnlyList<string> Arguments, ConfigurationManager Configuration, TextWriter Output, TextWriter Errors);

/// <summary>
/// Work of an operator that the API's program does instead of serving: <c>dotnet Workflows.Api.dll NAME ...</c>. A command has the
/// configuration of the service and ends with 0 when it did what was asked, 1 when that failed, 2 when it was called wrongly.
/// </summary>
internal sealed record OperatorCommand(string Name, string Usage, Func<CommandContext, CancellationToken, Task<int>> RunAsync)
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Misused = 2;

    /// <summary>All commands; a new one is named here.</summary>
    private static readonly OperatorCommand[] All = [MigrateCommand.Command];

    /// <summary>Whether the program was called with a command: its first argument is a word and no option.</summary>
    public static bool IsMeant(string[] arguments) => arguments is [var first, ..] && !first.StartsWith('-') && !first.StartsWith('/');

    /// <summary>Runs the command that the first argument names.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> DispatchAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var context = new CommandContext(arguments[1..], WebApplication.CreateBuilder().Configuration, Console.Out, Console.Error);
        return await DispatchAsync(arguments[0], context, cancellationToken);
    }

    /// <summary>Runs a command by its name.</summary>
    public static async Task<int> DispatchAsync(string name, CommandContext context, CancellationToken cancellationToken)
    {
        if (All.FirstOrDefault(command => command.Name == name) is { } known)
        {
            return await known.RunAsync(context, cancellationToken);
        }

        await context.Errors.WriteLineAsync($"There is no command '{name}'. Known are:");
        foreach (var command in All)
        {
            await context.Errors.WriteLineAsync($"  {command.Usage}");
        }

        return Misused;
    }
}

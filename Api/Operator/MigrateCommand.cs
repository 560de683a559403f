using System.Data.Common;
using Workflows.Data.Database;

namespace Workflows.Api.Operator;

/// <summary>
/// <c>migrate</c>: brings the database to the schema of this build and sets the passwords of the services' roles, or
/// takes migrations back. Only this process needs the credentials of the database's owner
/// (<c>ConnectionStrings:workflows</c>), and nothing else that the API has: no key, no Redis. <c>--stay</c> has it
/// sleep when it is done until it is stopped, for platforms that would start a program that ends again for ever, such
/// as Azure Container Apps. Taking back removes what migrations brought, with its data: it names what would go, and
/// does it only when told <c>--yes</c>.
/// </summary>
/// <remarks>May be stopped at any time: what is applied stays, and the next call does the rest.</remarks>
internal static class MigrateCommand
{
    /// <summary>The first word of the command line.</summary>
    public const string Name = "migrate";

    private const string Usage = "migrate [--stay | --status | --down-to NUMBER [--yes]]";
    private const int Done = 0, Failed = 1, Misused = 2;

    /// <param name="arguments">What follows the name; settings (<c>--Name=value</c>) among it count.</param>
    /// <param name="output">For results.</param>
    /// <param name="error">For what went wrong, and what to do about it.</param>
    /// <returns>The exit code: 0 done, 1 failed, 2 called wrongly.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error)
    {
        var settings = arguments.Where(argument => argument.Contains('=', StringComparison.Ordinal)).ToArray();
        try
        {
            var runner = new MigrationRunner(
                DatabaseRegistration.ReadOptions(Host.CreateApplicationBuilder(settings).Configuration));
            switch (arguments.Except(settings).ToArray())
            {
                case []:
                    return await MigrateAsync(runner, output);
                case ["--stay"]:
                    await MigrateAsync(runner, output);
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
                    return Done;
                case ["--status"]:
                    return await ShowAsync(runner, output);
                case ["--down-to", var target]:
                    return await RevertAsync(runner, target, isConfirmed: false, output, error);
                case ["--down-to", var target, "--yes"]:
                    return await RevertAsync(runner, target, isConfirmed: true, output, error);
                default:
                    await error.WriteLineAsync($"Usage: {Usage}");
                    return Misused;
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or DbException)
        {
            await error.WriteLineAsync($"The database was not migrated: {exception.Message}");
            return Failed;
        }
    }

    private static async Task<int> MigrateAsync(MigrationRunner runner, TextWriter output)
    {
        var done = await runner.MigrateAsync(CancellationToken.None);
        await output.WriteLineAsync(done.Count == 0
            ? "The database has this build's schema already."
            : $"Applied: {string.Join(", ", done)}");
        return Done;
    }

    private static async Task<int> ShowAsync(MigrationRunner runner, TextWriter output)
    {
        var applied = await runner.AppliedAsync(CancellationToken.None);
        foreach (var name in applied.Union(MigrationRunner.Known).Order(StringComparer.Ordinal))
        {
            var state = !applied.Contains(name) ? "to be applied"
                : MigrationRunner.Known.Contains(name) ? "applied"
                : "applied by a newer release";
            await output.WriteLineAsync($"{name}: {state}");
        }

        return Done;
    }

    private static async Task<int> RevertAsync(
        MigrationRunner runner, string target, bool isConfirmed, TextWriter output, TextWriter error)
    {
        var number = $"{target.PadLeft(4, '0')}_";
        var named = MigrationRunner.Known
            .Where(name => name == target || name.StartsWith(number, StringComparison.Ordinal)).ToList();
        if (named is not [var downTo])
        {
            await error.WriteLineAsync(
                $"There is no migration '{target}'. Name the one to go down to, which stays; known are "
                + $"{string.Join(", ", MigrationRunner.Known)}.");
            return Misused;
        }

        var applied = await runner.AppliedAsync(CancellationToken.None);
        if (!applied.Contains(downTo))
        {
            await error.WriteLineAsync($"Migration {downTo} is not applied: there is no way down to it.");
            return Misused;
        }

        var going = MigrationRunner.WouldRevert(applied, downTo);
        if (going.Count > 0 && !isConfirmed)
        {
            await error.WriteLineAsync(
                $"This takes back, with the data that is in what they brought: {string.Join(", ", going)}. "
                + "Stop every process of the platform, make a backup, and repeat the command with --yes.");
            return Misused;
        }

        await output.WriteLineAsync(going.Count == 0
            ? "Nothing was to be done."
            : $"Taken back: {string.Join(", ", await runner.RevertAsync(downTo, CancellationToken.None))}");
        return Done;
    }
}

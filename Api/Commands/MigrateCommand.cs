using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Api.Commands;

/// <summary>
/// Brings the database to this build's schema, or takes migrations back. Taking back removes what they brought with its data: it names
/// what would go, and does it only when told <c>--yes</c>.
/// </summary>
internal static class MigrateCommand
{
    private const string Usage = "migrate [--status | --down-to NUMBER [--yes]]";
    private const string Confirmation = "--yes";

    public static OperatorCommand Command { get; } = new("migrate", Usage, RunAsync);

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var runner = new MigrationRunner(DatabaseRegistration.ReadOptions(context.Configuration));
        try
        {
            return context.Arguments switch
            {
                [] => await MigrateAsync(runner, context, cancellationToken),
                ["--status"] => await ShowAsync(runner, context, cancellationToken),
                ["--down-to", var target] => await RevertAsync(runner, target, isConfirmed: false, context, cancellationToken),
                ["--down-to", var target, Confirmation] => await RevertAsync(runner, target, isConfirmed: true, context, cancellationToken),
                _ => await MisusedAsync(context, $"Usage: {Usage}"),
            };
        }
        catch (Exception exception) when (exception is InvalidOperationException or NpgsqlException)
        {
            await context.Errors.WriteLineAsync(exception.Message);
            return OperatorCommand.Failed;
        }
    }

    private static async Task<int> MigrateAsync(MigrationRunner runner, CommandContext context, CancellationToken cancellationToken)
    {
        var done = await runner.MigrateAsync(cancellationToken);
        await context.Output.WriteLineAsync(done.Count == 0 ? "Nothing was to be done." : $"Applied: {string.Join(", ", done)}");
        return OperatorCommand.Done;
    }

    private static async Task<int> ShowAsync(MigrationRunner runner, CommandContext context, CancellationToken cancellationToken)
    {
        var applied = await runner.AppliedAsync(cancellationToken);
        foreach (var name in applied.Union(MigrationRunner.Known).Order(StringComparer.Ordinal))
        {
            var state = !applied.Contains(name) ? "to be applied"
                : MigrationRunner.Known.Contains(name) ? "applied"
                : "applied by a newer release";
            await context.Output.WriteLineAsync($"{name}: {state}");
        }

        return OperatorCommand.Done;
    }

    private static async Task<int> RevertAsync(
        MigrationRunner runner, string target, bool isConfirmed, CommandContext context, CancellationToken cancellationToken)
    {
        var named = MigrationRunner.Known.Where(name => name == target || name.StartsWith($"{target.PadLeft(4, '0')}_", StringComparison.Ordinal)).ToList();
        if (named is not [var downTo])
        {
            return await MisusedAsync(
                context, $"There is no migration '{target}'. Name the one to go down to, which stays; known are {string.Join(", ", MigrationRunner.Known)}.");
        }

        var applied = await runner.AppliedAsync(cancellationToken);
        if (!applied.Contains(downTo))
        {
            return await MisusedAsync(context, $"Migration {downTo} is not applied: there is no way down to it.");
        }

        var going = MigrationRunner.WouldRevert(applied, downTo);
        if (going.Count == 0)
        {
            await context.Output.WriteLineAsync("Nothing was to be done.");
            return OperatorCommand.Done;
        }

        if (!isConfirmed)
        {
            return await MisusedAsync(
                context,
                $"This takes back, with the data that is in what they brought: {string.Join(", ", going)}. "
                + $"Stop every process of the platform, make a backup, and repeat the command with {Confirmation}.");
        }

        await context.Output.WriteLineAsync($"Taken back: {string.Join(", ", await runner.RevertAsync(downTo, cancellationToken))}");
        return OperatorCommand.Done;
    }

    private static async Task<int> MisusedAsync(CommandContext context, string message)
    {
        await context.Errors.WriteLineAsync(message);
        return OperatorCommand.Misused;
    }
}

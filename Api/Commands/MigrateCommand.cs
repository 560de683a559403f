using System.Data.Common;
using System.Globalization;
using Workflows.Data.Database;

namespace Workflows.Api.Commands;

/// <summary>
/// <c>migrate</c>: brings the database to the schema of this build and sets the passwords of the services' roles. Only
/// this process needs the credentials of the database's owner (<c>ConnectionStrings:workflows</c>), and it ends when it
/// is done; the API, workers and the search service work under their own roles.
/// </summary>
internal static class MigrateCommand
{
    // For platforms that know no program that ends, such as Azure Container Apps: they would start it again for ever.
    private const string Stay = "--stay";

    private const string Usage = """
        [--stay]   brings the database to this build's schema; with --stay the process then sleeps until it is stopped
        """;

    public static OperatorCommand Command { get; } = new("migrate", Usage, RunAsync);

    private static async Task<int> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var builder = Host.CreateApplicationBuilder([.. arguments.Where(argument => argument != Stay)]);
        try
        {
            var applied = await new MigrationRunner(DatabaseRegistration.Read(builder.Configuration))
                .MigrateAsync(cancellationToken);
            await Console.Out.WriteLineAsync(applied.Count == 0
                ? "The database has this build's schema already."
                : string.Create(
                    CultureInfo.InvariantCulture, $"{applied.Count} migrations applied, the last is {applied[^1]}."));
        }
        catch (Exception exception) when (exception is InvalidOperationException or DbException)
        {
            await Console.Error.WriteLineAsync($"The database was not migrated: {exception.Message}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("Stopped; what is applied stays, the rest is done by the next call.");
            return 1;
        }

        if (arguments.Contains(Stay))
        {
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return 0;
    }
}

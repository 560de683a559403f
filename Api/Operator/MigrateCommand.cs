using System.Data.Common;
using System.Globalization;
using Workflows.Data.Database;

namespace Workflows.Api.Operator;

/// <summary>
/// <c>migrate [--stay]</c>: brings the database to the schema of this build and sets the passwords of the services'
/// roles. Only this process needs the credentials of the database's owner (<c>ConnectionStrings:workflows</c>), and
/// nothing else that the API has: no key, no Redis. It ends when it is done; <c>--stay</c> has it sleep then until it
/// is stopped, for platforms that would start a program that ends again for ever, such as Azure Container Apps.
/// </summary>
/// <remarks>May be stopped at any time: what is applied stays, and the next call does the rest.</remarks>
internal static class MigrateCommand
{
    /// <summary>The first word of the command line.</summary>
    public const string Name = "migrate";

    private const string Stay = "--stay";

    /// <param name="arguments">What follows the name; settings (<c>--Name=value</c>) among it count.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <returns>The exit code: 0 done, 1 failed.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error)
    {
        var builder = Host.CreateApplicationBuilder([.. arguments.Where(argument => argument != Stay)]);
        try
        {
            var applied = await new MigrationRunner(DatabaseRegistration.Read(builder.Configuration))
                .MigrateAsync(CancellationToken.None);
            await output.WriteLineAsync(applied.Count == 0
                ? "The database has this build's schema already."
                : string.Create(
                    CultureInfo.InvariantCulture, $"{applied.Count} migrations applied, the last is {applied[^1]}."));
        }
        catch (Exception exception) when (exception is InvalidOperationException or DbException)
        {
            await error.WriteLineAsync($"The database was not migrated: {exception.Message}");
            return 1;
        }

        if (arguments.Contains(Stay))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        }

        return 0;
    }
}

using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tenants;

/// <summary>
/// Makes the first tenant with a random owner password and API key, and hands them over once: in the file named by <c>Bootstrap:CredentialsFile</c>, else on
/// standard output (not in the log, which may be shipped elsewhere). Guarantees: exactly one of several instances does it (the lock is held to the end of the
/// transaction); and since credentials are handed over before the commit, a process that dies at any point leaves either working
/// credentials or an empty database, where the next start does it anew and replaces the file. What it does not guarantee: that credentials on
/// standard output were worth something if the process died at once.
/// </summary>
internal sealed partial class FirstStart(
    IServiceScopeFactory scopes, IConfiguration configuration, Passwords passwords, TimeProvider clock, ILogger<FirstStart> log)
{
    private const string FileSetting = "Bootstrap:CredentialsFile";
    private const string DefaultOwner = "owner@localhost";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        var now = clock.NowStored();
        var credentials = new Credentials(
            OwnerEmail(), OwnerPassword(), Tokens.NewApiKey(), Guid.CreateVersion7(now));
        db.TenantId = credentials.TenantId;
        var made = await db.TransactAsync(
            async token =>
            {
                await db.LockTenantsAsync(token);
                if (await db.HasTenantsAsync(token))
                {
                    return false;
                }

                var hash = await passwords.HashAsync(credentials.OwnerPassword, token);
                db.AddTenant(
                    new NewTenant(credentials.TenantId, "Default", "default", credentials.OwnerEmail, hash, credentials.ApiKey), now);
                await db.SaveChangesAsync(token); // whatever can fail has failed before anybody sees the credentials
                await HandOverAsync(credentials, token);
                return true;
            },
            made => made,
            cancellationToken);
        if (made)
        {
            LogMade(log, credentials.OwnerEmail, configuration[FileSetting] ?? "standard output");
        }
    }

    /// <exception cref="InvalidOperationException">The operator chose a password that cannot be used.</exception>
    private string OwnerPassword() => configuration["Bootstrap:OwnerPassword"] switch
    {
        null or "" => Tokens.NewPassword(),
        var chosen when PasswordRules.Problem(chosen, OwnerEmail()) is { } problem =>
            throw new InvalidOperationException($"Bootstrap:OwnerPassword cannot be used: {problem}"),
        var chosen => chosen,
    };

    private string OwnerEmail() =>
        new[] { configuration["Owner:Email"], configuration["Bootstrap:OwnerEmail"] }.FirstOrDefault(email => !string.IsNullOrWhiteSpace(email)) ?? DefaultOwner;

    private async Task HandOverAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.Serialize(credentials, Envelope.Json);
        if (configuration[FileSetting] is not { Length: > 0 } path)
        {
            await Console.Out.WriteLineAsync($"First start. These credentials are shown once: {json}".AsMemory(), cancellationToken);
            await Console.Out.FlushAsync(cancellationToken);
            return;
        }

        await CredentialsFile.WriteAsync(path, json, cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning, "First start: tenant 'default' was made. Credentials of {OwnerEmail} and an API key are in {Place}; they are not shown again")]
    private static partial void LogMade(ILogger logger, string ownerEmail, string place);

    private sealed record Credentials(string OwnerEmail, string OwnerPassword, string ApiKey, Guid TenantId);
}

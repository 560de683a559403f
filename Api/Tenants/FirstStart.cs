using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>
/// Makes the first tenant with a random owner password and API key, and the platform's first operator, and hands them over once: in the file named by <c>Bootstrap:CredentialsFile</c>, else on
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
    private const string DefaultOperator = "operator@localhost";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        var now = clock.NowStored();
        var credentials = new Credentials(
            OwnerEmail(), OwnerPassword(), Tokens.NewApiKey(), Guid.CreateVersion7(now),
            Chosen("Operator:Email", "Bootstrap:OperatorEmail") ?? DefaultOperator, Tokens.NewPassword());
        db.TenantId = PlatformTenant.Id;
        var made = await db.TransactAsync(
            async token =>
            {
                await db.LockTenantsAsync(token);
                if (await db.HasTenantsAsync(token))
                {
                    return false;
                }

                var hash = await passwords.HashAsync(credentials.OperatorPassword, token);
                db.AddPlatform(PlatformTenant.Slug, credentials.OperatorEmail, hash, now);
                hash = await passwords.HashAsync(credentials.OwnerPassword, token);
                var first = new NewTenant(
                    credentials.TenantId, "Default", "default", credentials.OwnerEmail, hash, credentials.ApiKey);
                // Saves all: whatever can fail has failed before anybody sees the credentials.
                await db.UnderTenantAsync(first.Id, _ => Task.FromResult(Add(db, first, now)), token);
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

    private string OwnerEmail() => Chosen("Owner:Email", "Bootstrap:OwnerEmail") ?? DefaultOwner;

    private string? Chosen(params ReadOnlySpan<string> settings)
    {
        foreach (var setting in settings)
        {
            if (!string.IsNullOrWhiteSpace(configuration[setting]))
            {
                return configuration[setting];
            }
        }

        return null;
    }

    private static bool Add(WorkflowsDbContext db, NewTenant tenant, DateTimeOffset now)
    {
        db.AddTenant(tenant, now);
        return true;
    }

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

    private sealed record Credentials(
        string OwnerEmail, string OwnerPassword, string ApiKey, Guid TenantId, string OperatorEmail,
        string OperatorPassword);
}

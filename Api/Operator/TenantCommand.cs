using System.Text.Json;
using System.Text.Json.Nodes;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Api.Tenants;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Operator;

/// <summary><c>tenant …</c>: makes, lists, suspends, resumes and sets up tenants. Answers are JSON, one object per
/// line.</summary>
internal sealed class TenantCommand : IOperatorCommand
{
    private const string NameOption = "name";
    private const string OwnerOption = "owner";
    private const string EmailOption = "email";
    private const string FileOption = "credentials-file";

    public string Name => "tenant";

    public string Usage => """
        tenant list
        tenant add SLUG --name NAME --owner EMAIL [--credentials-file FILE]
        tenant suspend SLUG
        tenant resume SLUG
        tenant set SLUG [--name NAME] [--max-queued N|none] [--max-running N|none]
                        [--http-allow RANGE,HOST:PORT,...|none]
        tenant reset-password SLUG --email EMAIL [--credentials-file FILE]
        """;

    public async Task RunAsync(IServiceProvider services, IReadOnlyList<string> arguments, TextWriter output,
        CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        var tenants = new TenantAdministration(
            scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>(),
            services.GetRequiredService<Passwords>(),
            services.GetRequiredService<TimeProvider>());
        var rest = arguments.Skip(1).ToArray();
        await ((arguments.Count == 0 ? null : arguments[0]) switch
        {
            "list" => ListAsync(tenants, new CommandOptions(rest), output, cancellationToken),
            "add" => AddAsync(tenants, new CommandOptions(rest, NameOption, OwnerOption, FileOption), output,
            cancellationToken),
            "suspend" => StatusAsync(tenants, new CommandOptions(rest), "suspended", output, cancellationToken),
            "resume" => StatusAsync(tenants, new CommandOptions(rest), "active", output, cancellationToken),
            "set" => SetAsync(
                tenants, new CommandOptions(rest, NameOption, TenantSettingsEdit.MaxQueued,
                TenantSettingsEdit.MaxRunning, TenantSettingsEdit.HttpAllow), output, cancellationToken),
            "reset-password" => ResetAsync(tenants, new CommandOptions(rest, EmailOption, FileOption), output,
            cancellationToken),
            null => throw new OperatorCommandException("Say what to do with tenants.", isUsage: true),
            var other => throw new OperatorCommandException($"'tenant {other}' is not known.", isUsage: true),
        });
    }

    private static async Task ListAsync(TenantAdministration tenants, CommandOptions options, TextWriter output,
        CancellationToken cancellationToken)
    {
        options.NoWords();
        foreach (var tenant in await tenants.ListAsync(cancellationToken))
        {
            await WriteAsync(output, tenant);
        }
    }

    private static async Task AddAsync(TenantAdministration tenants, CommandOptions options, TextWriter output,
        CancellationToken cancellationToken) =>
        await tenants.AddAsync(
            options.Single("the new tenant's slug"), options.Required(NameOption), options.Required(OwnerOption),
            HandOver(options, output), cancellationToken);

    private static async Task ResetAsync(TenantAdministration tenants, CommandOptions options, TextWriter output,
        CancellationToken cancellationToken) =>
        await tenants.ResetPasswordAsync(options.Single("the tenant's slug"), options.Required(EmailOption),
            HandOver(options, output), cancellationToken);

    private static async Task StatusAsync(
        TenantAdministration tenants, CommandOptions options, string status, TextWriter output,
        CancellationToken cancellationToken)
    {
        var slug = options.Single("the tenant's slug");
        var action = status == "active" ? "tenant.resume" : "tenant.suspend";
        await tenants.ChangeAsync(slug, action, tenant => tenant.Status = status, cancellationToken);
        await ShowAsync(tenants, slug, output, cancellationToken);
    }

    private static async Task SetAsync(TenantAdministration tenants, CommandOptions options, TextWriter output,
        CancellationToken cancellationToken)
    {
        var slug = options.Single("the tenant's slug");
        if (options.IsEmpty)
        {
            throw new OperatorCommandException("Say what to set.", isUsage: true);
        }

        if (new Checks().Name(NameOption, options[NameOption]).Problem is { } problem)
        {
            throw new OperatorCommandException(problem.Message, isUsage: true);
        }

        await tenants.ChangeAsync(
            slug,
            "tenant.update",
            tenant =>
            {
                tenant.Name = options[NameOption] ?? tenant.Name;
                tenant.Settings = TenantSettingsEdit.Apply(tenant.Settings, options);
            },
            cancellationToken);
        await ShowAsync(tenants, slug, output, cancellationToken);
    }

    private static async Task ShowAsync(TenantAdministration tenants, string slug, TextWriter output,
        CancellationToken cancellationToken) =>
        await WriteAsync(output, (await tenants.ListAsync(cancellationToken)).Single(tenant => tenant.Slug == slug));

    private static Task WriteAsync(TextWriter output, TenantRow tenant) => output.WriteLineAsync(new JsonObject
    {
        ["tenantId"] = tenant.TenantId,
        ["slug"] = tenant.Slug,
        ["name"] = tenant.Name,
        ["status"] = tenant.Status,
        ["settings"] = JsonNode.Parse(tenant.Settings),
        ["createdAt"] = tenant.CreatedAt,
    }.ToJsonString());

    private static Func<HandedCredentials, CancellationToken,
        Task> HandOver(CommandOptions options, TextWriter output) => async (credentials, token) =>
    {
        var json = JsonSerializer.Serialize(credentials, Envelope.Json);
        if (options[FileOption] is { } path)
        {
            await CredentialsFile.WriteAsync(path, json, token);
            json = JsonSerializer.Serialize(credentials with { OwnerPassword = null, ApiKey = null }, Envelope.Json);
        }

        await output.WriteLineAsync(json.AsMemory(), token);
        await output.FlushAsync(token);
    };
}

using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Api.Tenants;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Operator;

/// <summary>
/// <c>operator add</c>: makes somebody an operator of the platform, who manages tenants over HTTP. The first start
/// makes the first one; a platform that is older than operators gets its first one here.
/// </summary>
internal sealed class OperatorCommand : IOperatorCommand
{
    private const string FileOption = "credentials-file";

    public string Name => "operator";

    public string Usage => "operator add EMAIL [--credentials-file FILE]";

    public async Task RunAsync(IServiceProvider services, IReadOnlyList<string> arguments, TextWriter output,
        CancellationToken cancellationToken)
    {
        if (arguments.Count == 0 || arguments[0] != "add")
        {
            throw new OperatorCommandException("Say what to do with operators.", isUsage: true);
        }

        var options = new CommandOptions([.. arguments.Skip(1)], FileOption);
        var email = options.Single("the operator's e-mail address");
        if (new Checks().Email("email", email).Problem is { } problem)
        {
            throw new OperatorCommandException(problem.Message, isUsage: true);
        }

        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        var password = Tokens.NewPassword();
        var hash = await services.GetRequiredService<Passwords>().HashAsync(password, cancellationToken);
        var now = services.GetRequiredService<TimeProvider>().NowStored();
        try
        {
            await db.EnsureOperatorAsync(
                email, hash, now, token => HandOverAsync(options, output, email, password, token), cancellationToken);
        }
        catch (InvalidOperationException exception)
        {
            throw new OperatorCommandException(exception.Message);
        }
    }

    private static async Task HandOverAsync(
        CommandOptions options, TextWriter output, string email, string password, CancellationToken token)
    {
        var shown = new { operatorEmail = email, operatorPassword = (string?)password };
        if (options[FileOption] is { } path)
        {
            await CredentialsFile.WriteAsync(path, JsonSerializer.Serialize(shown, Envelope.Json), token);
            shown = shown with { operatorPassword = null };
        }

        await output.WriteLineAsync(JsonSerializer.Serialize(shown, Envelope.Json).AsMemory(), token);
        await output.FlushAsync(token);
    }
}

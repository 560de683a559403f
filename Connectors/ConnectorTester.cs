using System.Security.Cryptography;
using System.Text.Json;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;
using Workflows.Engine.Executions;

namespace Workflows.Connectors;

/// <summary>What a test of a connector found.</summary>
public sealed record ConnectorTest(bool Succeeded, string Message);

/// <summary>
/// Tries a connector: reaches its system and authenticates, and changes nothing there. Goes through the same guard as executions do. What the other side answers is
/// told in few words only, and never with a secret in it, so that a test shows no more of a network than that something answered.
/// </summary>
public sealed class ConnectorTester(HttpClients clients, HttpConnector http, SqlConnector sql, SmtpConnector smtp, S3Connector s3, TimeProvider clock)
{
    private const int MessageLength = 300;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>Tries it, for at most 15 seconds.</summary>
    public async Task<ConnectorTest> TestAsync(OpenConnector connector, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            var message = await TryAsync(connector, either.Token);
            return new ConnectorTest(true, message);
        }
        catch (ConnectorException exception)
        {
            return Failed(connector, $"{exception.Code}: {exception.Message}");
        }
        catch (Exception exception) when (exception is HttpRequestException or CryptographicException or AllowListException)
        {
            return Failed(connector, (exception.InnerException as TargetRefusedException ?? exception).Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(connector, $"No answer within {Timeout.TotalSeconds} s.");
        }
    }

    private async Task<string> TryAsync(OpenConnector connector, CancellationToken cancellationToken)
    {
        switch (connector.Type)
        {
            case ConnectorTypes.Http:
                return await TryHttpAsync(connector, cancellationToken);
            case ConnectorTypes.Postgres:
                await sql.RunAsync(connector, new SqlCall("select 1", default(JsonElement), 1, Timeout, IsReadOnly: true), cancellationToken);
                return "The database answers.";
            case ConnectorTypes.Smtp:
                await smtp.TestAsync(connector, cancellationToken);
                return "The mail server answers.";
            case ConnectorTypes.S3:
                await s3.ListAsync(connector, "", 1, cancellationToken);
                return "The store answers.";
            default:
                throw new ConnectorException("CONNECTOR_TYPE", $"There is no connector type '{connector.Type}'.");
        }
    }

    private async Task<string> TryHttpAsync(OpenConnector connector, CancellationToken cancellationToken)
    {
        var credentials = await http.AuthorizeAsync(connector, "", cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, credentials.Address);
        foreach (var (name, value) in credentials.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var client = await clients.ForAsync(connector.TenantId, cancellationToken);
        using var response = await client.SendAsync(request, cancellationToken);
        var status = (int)response.StatusCode;
        return status is 401 or 403 or >= 500
            ? throw new ConnectorException($"HTTP_{status}", $"The base address answered {status}.")
            : $"The base address answered {status}.";
    }

    private static ConnectorTest Failed(OpenConnector connector, string message)
    {
        var masked = SecretMask.Of(connector.Sensitive).Apply(message).Replace('\0', '\uFFFD');
        return new ConnectorTest(false, masked[..Math.Min(masked.Length, MessageLength)]);
    }
}

using System.Text.Json;
using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Live;

/// <summary>A notification was written, by whichever process.</summary>
/// <param name="Kind">As <c>approval_requested</c>.</param>
public sealed record NotificationWritten(Guid TenantId, Guid UserId, Guid Id, string Kind, string Level);

/// <summary>
/// Hears of notifications from the database itself, in the moment they are committed, on a connection of its own.
/// </summary>
public sealed class NotificationNews(WorkflowsDatabase database)
{
    private const string ListenSql = "listen wf_notifications";

    /// <summary>Listens until it is cancelled or the connection breaks.</summary>
    /// <param name="listening">Called once it hears; what was written before that was not heard.</param>
    /// <param name="written">Called for each; must not throw.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="NpgsqlException">The connection broke; call again.</exception>
    public async Task ListenAsync(
        Action listening, Action<NotificationWritten> written, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, notification) =>
        {
            var fields = JsonSerializer.Deserialize<string[]>(notification.Payload)!;
            written(new NotificationWritten(
                Guid.Parse(fields[0]), Guid.Parse(fields[1]), Guid.Parse(fields[2]), fields[3], fields[4]));
        };
        await using (var command = new NpgsqlCommand(ListenSql, connection))
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        listening();
        while (true)
        {
            await connection.WaitAsync(cancellationToken);
        }
    }
}

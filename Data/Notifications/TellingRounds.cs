using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Notifications;

/// <summary>
/// Tells people of the ends of executions and of approvals. Guarantees: what the transaction of an end left in the
/// outbox becomes deliveries in one transaction with the notifications and mails that they are, so that a process that
/// dies loses none and repeats none; who may not see a workflow any more, or does not want it any more, is left out
/// when the mail is made. Does not send mails: the API does, and tries each until it is given up.
/// </summary>
public sealed class TellingRounds(WorkflowsDatabase database)
{
    private const string TellSql = "select tell_listeners($1)";

    /// <summary>Makes deliveries of up to <paramref name="limit"/> things that happened.</summary>
    /// <returns>How many were looked at.</returns>
    public async Task<int> TellAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(TellSql);
        command.Parameters.Add(Sql.Int(limit));
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string MailSql = "select mail_deliveries($1, $2)";

    /// <summary>Makes up to <paramref name="limit"/> mails of what is due.</summary>
    /// <param name="address">What links in them begin with, without a slash at its end; may be empty.</param>
    /// <returns>How many were looked at.</returns>
    public async Task<int> MailAsync(int limit, string address, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(MailSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(Sql.Text(address));
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string ExpireSql = """
        delete from deliveries d
        using (select tenant_id, id from deliveries where created_at < now() - $2::interval
          order by created_at limit $1) x
        where d.tenant_id = x.tenant_id and d.id = x.id
        """;

    /// <summary>Deletes up to <paramref name="limit"/> deliveries that are older than notifications get.</summary>
    public async Task<int> ExpireAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ExpireSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Limits.NotificationLifetime });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

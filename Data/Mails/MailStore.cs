using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Mails;

/// <summary>A mail to be sent now.</summary>
/// <param name="Attempts">How often it was tried, this time among them.</param>
/// <param name="LinkKind">What the link is for; null without one.</param>
/// <param name="IsLinkGood">False when the link was used, replaced or withdrawn before the mail went out.</param>
public sealed record DueMail(
    Guid TenantId,
    Guid Id,
    string Kind,
    string Recipient,
    string Subject,
    string Text,
    int Attempts,
    DateTimeOffset CreatedAt,
    Guid? LinkId,
    string? LinkKind,
    bool IsLinkGood);

/// <summary>
/// The mails that wait, of all tenants. Guarantees: two processes never have the same mail at once while the time of
/// its claim lasts; a mail whose process died is due again after it. So each is sent at least once, maybe twice.
/// </summary>
public sealed class MailStore(WorkflowsDatabase database)
{
    private const string ClaimSql = """
        select tenant_id, id, kind, recipient, subject, text, attempts, created_at, link_id, link_kind, link_good
        from claim_mails($1, $2)
        """;

    /// <summary>Takes mails that are due.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="lease">How long nobody else takes them.</param>
    public async Task<IReadOnlyList<DueMail>> ClaimAsync(
        int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ClaimSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = lease });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var mails = new List<DueMail>();
        while (await reader.ReadAsync(cancellationToken))
        {
            mails.Add(new DueMail(
                reader.GetGuid(0),
                reader.GetGuid(1),
                reader.GetString(2),
                reader.GetString(3),
                reader.GetString(4),
                reader.GetString(5),
                reader.GetInt32(6),
                reader.GetFieldValue<DateTimeOffset>(7),
                reader.IsDBNull(8) ? null : reader.GetGuid(8),
                reader.IsDBNull(9) ? null : reader.GetString(9),
                reader.GetBoolean(10)));
        }

        return mails;
    }

    private const string SentSql = """
        update mails set sent_at = $3, error = null
        where tenant_id = $1 and id = $2 and sent_at is null and failed_at is null
        """;

    /// <summary>Notes that a mail was taken by the mail server.</summary>
    public Task SentAsync(DueMail mail, DateTimeOffset now, CancellationToken cancellationToken) =>
        SettleAsync(mail, new NpgsqlBatchCommand(SentSql), [Sql.Instant(now)], cancellationToken);

    private const string FailedSql = """
        update mails set error = $3, not_before = $4::timestamptz, failed_at = case when $5 then $4::timestamptz end
        where tenant_id = $1 and id = $2 and sent_at is null and failed_at is null
        """;

    /// <summary>Notes why a mail was not sent.</summary>
    /// <param name="at">When it is tried again, or, for good, when it was given up.</param>
    /// <param name="isForGood">Whether it is given up.</param>
    public Task FailedAsync(
        DueMail mail, string error, DateTimeOffset at, bool isForGood, CancellationToken cancellationToken) =>
        SettleAsync(
            mail,
            new NpgsqlBatchCommand(FailedSql),
            [Sql.Text(StorableText.Of(error)), Sql.Instant(at), new NpgsqlParameter<bool> { TypedValue = isForGood }],
            cancellationToken);

    private const string ForgetSql = "select forget_old_mails($1, $2)";

    /// <summary>Deletes mails, links and invitations that are over for <paramref name="keep"/>: up to
    /// <paramref name="limit"/> of each.</summary>
    /// <returns>How many rows.</returns>
    public async Task<int> ForgetAsync(TimeSpan keep, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ForgetSql);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        command.Parameters.Add(Sql.Int(limit));
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private Task<int> SettleAsync(
        DueMail mail, NpgsqlBatchCommand command, NpgsqlParameter[] values, CancellationToken cancellationToken)
    {
        command.Parameters.Add(Sql.Uuid(mail.TenantId));
        command.Parameters.Add(Sql.Uuid(mail.Id));
        command.Parameters.AddRange(values);
        return database.ExecuteAsync(mail.TenantId, command, cancellationToken);
    }
}

using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Notifications;

/// <summary>What to tell people.</summary>
/// <param name="Source">Names what it comes from: the same source reaches each user once.</param>
/// <param name="Level">info, success, warning or error.</param>
public sealed record NewNotification(Guid TenantId, string Source, string Kind, string Level, string Title, string? Body, string? Link);

/// <summary>A user, group or role by the name that a workflow's author gave it.</summary>
/// <param name="Kind">user, group or role.</param>
public sealed record NamedPrincipal(string Kind, string Name);

/// <summary>Whom names stand for.</summary>
/// <param name="Users">Active users, each once; one more than <see cref="Limits.Recipients"/> when there are too many.</param>
/// <param name="Unknown">Names that nobody bears.</param>
public sealed record Recipients(IReadOnlyList<Guid> Users, IReadOnlyList<NamedPrincipal> Unknown);

/// <summary>
/// Notifications of users, written by the worker. Guarantees: one per user and source, however often and by however many it is written.
/// </summary>
public sealed class NotificationStore(WorkflowsDatabase database, TimeProvider clock)
{
    private const string ResolveSql = """
        select n.kind, n.name, find_principal($1, n.kind, n.name) from unnest($2::text[], $3::text[]) as n (kind, name)
        """;

    private const string PeopleSql = "select p.id from people_of($1, $2, $3) as p (id) limit $4";

    public async Task<Recipients> ResolveAsync(Guid tenantId, IReadOnlyList<NamedPrincipal> names, CancellationToken cancellationToken)
    {
        await using var resolve = database.Source.CreateCommand(ResolveSql);
        resolve.Parameters.Add(Sql.Uuid(tenantId));
        resolve.Parameters.Add(Sql.Texts(names, name => name.Kind));
        resolve.Parameters.Add(Sql.Texts(names, name => name.Name));
        var known = new List<(string Kind, Guid Id)>();
        var unknown = new List<NamedPrincipal>();
        await using (var reader = await resolve.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (reader.IsDBNull(2))
                {
                    unknown.Add(new NamedPrincipal(reader.GetString(0), reader.GetString(1)));
                }
                else
                {
                    known.Add((reader.GetString(0), reader.GetGuid(2)));
                }
            }
        }

        await using var people = database.Source.CreateCommand(PeopleSql);
        people.Parameters.Add(Sql.Uuid(tenantId));
        people.Parameters.Add(Sql.Texts(known, principal => principal.Kind));
        people.Parameters.Add(Sql.Uuids(known, principal => principal.Id));
        people.Parameters.Add(Sql.Int(Limits.Recipients + 1));
        var users = new List<Guid>();
        await using (var reader = await people.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                users.Add(reader.GetGuid(0));
            }
        }

        return new Recipients(users, unknown);
    }

    internal const string AddSql = """
        insert into notifications (tenant_id, user_id, id, source, kind, level, title, body, link, created_at)
        select $1, n.user_id, n.id, $4, $5, $6, $7, $8, $9, now() from unnest($2::uuid[], $3::uuid[]) as n (user_id, id)
        on conflict do nothing
        """;

    /// <summary>Tells users; those who were told of the source before are left alone.</summary>
    public async Task AddAsync(NewNotification notification, IReadOnlyList<Guid> users, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(AddSql);
        command.Parameters.AddRange(Parameters(notification, users, clock.GetUtcNow()));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static NpgsqlParameter[] Parameters(NewNotification notification, IReadOnlyList<Guid> users, DateTimeOffset now) =>
    [
        Sql.Uuid(notification.TenantId), Sql.Uuids(users, user => user), Sql.Uuids(users, _ => Guid.CreateVersion7(now)), Sql.Text(notification.Source),
        Sql.Text(notification.Kind), Sql.Text(notification.Level), Sql.Text(notification.Title), Sql.Text(notification.Body), Sql.Text(notification.Link),
    ];
}

using Npgsql;
using Workflows.Data.Database;
using Workflows.Engine.Events;

namespace Workflows.Data.Events;

/// <summary>Finds whom the notifications of rules reach. Costs a round trip when there are any, nothing otherwise.</summary>
internal static class RuleRecipients
{
    private const string ResolveSql = """
        select g.place, array(select p.id from people_of($1, g.kinds, g.ids) as p (id) order by p.id limit $5)
        from (
          select n.place, coalesce(array_agg(n.kind) filter (where n.id is not null), '{}') as kinds, coalesce(array_agg(n.id) filter (where n.id is not null), '{}') as ids
          from (
            select w.place, w.kind, find_principal($1, w.kind, w.name) as id from unnest($2::int[], $3::text[], $4::text[]) as w (place, kind, name)
          ) n
          group by n.place
        ) g
        """;

    /// <summary>Gives each notification its users; one that reaches nobody, or too many, becomes a match with the reason.</summary>
    public static async Task ResolveAsync(NpgsqlConnection connection, Guid tenantId, List<RoutedMatch> matches, CancellationToken cancellationToken)
    {
        var places = Enumerable.Range(0, matches.Count).Where(place => matches[place].Notification is not null).ToList();
        if (places.Count == 0)
        {
            return;
        }

        var found = await FindAsync(connection, tenantId, [.. places.SelectMany(place => Names(place, matches[place].Notification!.Text))], cancellationToken);
        foreach (var place in places)
        {
            var match = matches[place];
            var users = found.GetValueOrDefault(place) ?? [];
            matches[place] = users.Length switch
            {
                0 => match with { Notification = null, Reason = "none of the users, groups and roles named has an active user" },
                > Limits.Recipients => match with { Notification = null, Reason = $"more than {Limits.Recipients} users would be told" },
                _ => match with { Notification = match.Notification! with { Users = users } },
            };
        }
    }

    private static async Task<Dictionary<int, Guid[]>> FindAsync(
        NpgsqlConnection connection, Guid tenantId, List<(int Place, string Kind, string Name)> names, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ResolveSql, connection)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Ints(names, name => name.Place), Sql.Texts(names, name => name.Kind), Sql.Texts(names, name => name.Name),
                Sql.Int(Limits.Recipients + 1),
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var users = new Dictionary<int, Guid[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            users.Add(reader.GetInt32(0), reader.GetFieldValue<Guid[]>(1));
        }

        return users;
    }

    private static IEnumerable<(int, string, string)> Names(int place, RuleNotification text) =>
        text.Users.Select(name => (place, "user", name))
            .Concat(text.Groups.Select(name => (place, "group", name)))
            .Concat(text.Roles.Select(name => (place, "role", name)));
}

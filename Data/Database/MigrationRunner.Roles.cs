using Npgsql;

namespace Workflows.Data.Database;

/// <content>The roles, which are there before the first migration needs them.</content>
public sealed partial class MigrationRunner
{
    // DDL takes no parameters: the server itself quotes the two values into the statement. Roles belong to the server,
    // not to the database: the runner of another database may change the same row of the catalog at this moment ("tuple
    // concurrently updated"), so it is tried again there.
    private const string RoleSql = """
        select format('do %L', format('
          begin
            for attempt in 1 .. 100 loop
              begin
                if exists (select from pg_roles where rolname = %1$L) then
                  alter role %1$I login password %2$L;
                else
                  create role %1$I login password %2$L;
                end if;
                return;
              exception when internal_error or duplicate_object or unique_violation then
                null;
              end;
            end loop;
            raise exception ''role %% is being changed by others all the time'', %1$L;
          end', $1, $2))
        """;

    private const string AuthRoleSql = """
        do $$ begin
          if not exists (select from pg_roles where rolname = 'workflows_auth') then
            create role workflows_auth nologin;
          end if;
        exception when duplicate_object or unique_violation then null; -- another database's runner was first
        end $$
        """;

    // Applications of the same database that may start workflows from SQL are members of it.
    private const string ClientRoleSql = """
        do $$ begin
          if not exists (select from pg_roles where rolname = 'workflows_client') then
            create role workflows_client nologin;
          end if;
        exception when duplicate_object or unique_violation then null; -- another database's runner was first
        end $$
        """;

    // Of who sees only what was granted to them: the role of the API takes it for a transaction, and has none of its
    // rights otherwise.
    private const string MemberRoleSql = """
        do $$ begin
          for attempt in 1 .. 100 loop
            begin
              if not exists (select from pg_roles where rolname = 'workflows_member') then
                create role workflows_member nologin;
              end if;
              if not exists (
                select from pg_auth_members m where m.roleid = 'workflows_member'::regrole
                  and m.member = 'workflows_api'::regrole and m.set_option and not m.inherit_option) then
                grant workflows_member to workflows_api with inherit false, set true;
              end if;
              return;
            exception when internal_error or duplicate_object or unique_violation then
              null; -- another database's runner changes the same rows of the catalog
            end;
          end loop;
          raise exception 'role workflows_member is being changed by others all the time';
        end $$
        """;

    private async Task EnsureRolesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, AuthRoleSql, cancellationToken);
        await ExecuteAsync(connection, ClientRoleSql, cancellationToken);
        foreach (var role in Enum.GetValues<DatabaseRole>())
        {
            var login = new NpgsqlConnectionStringBuilder(options.For(role));
            await using var command = new NpgsqlCommand(RoleSql, connection);
            command.Parameters.Add(new() { Value = login.Username! });
            command.Parameters.Add(new() { Value = login.Password! });
            var statement = (string)(await command.ExecuteScalarAsync(cancellationToken))!;
            await ExecuteTextAsync(connection, statement, cancellationToken);
        }

        await ExecuteAsync(connection, MemberRoleSql, cancellationToken);
    }
}

using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.ControlPlane;

/// <summary>
/// Sends the tenant, and whose grants count, in the same round trip as each statement outside a transaction: the two form one implicit transaction, at whose
/// end the setting is gone. Inside <see cref="WorkflowsDbContext.TransactAsync"/> it was set once already. Guarantees that a pooled
/// connection never carries one caller's tenant to the next.
/// </summary>
internal sealed class TenantCommandInterceptor : DbCommandInterceptor
{
    private const string SetTenantSql = "select set_config('app.tenant_id', @app_tenant_id, true);\n";

    // The comment makes another statement of what follows: a plan that is prepared for one role is made anew for the
    // other, and sessions of both share the connections.
    private const string SetMemberSql =
        "select set_config('app.tenant_id', @app_tenant_id, true), set_config('app.user_id', @app_user_id, true), "
        + "set_config('role', 'workflows_member', true);\n/* member */ ";

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        AddTenant(command, eventData);
        return ValueTask.FromResult(result);
    }

    public override async ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        if (!NeedsTenant(eventData, out _))
        {
            return result;
        }

        try
        {
            await result.NextResultAsync(cancellationToken); // past the answer of set_config
            return result;
        }
        catch
        {
            await result.DisposeAsync(); // EF knows nothing of this reader yet, and the connection would stay busy
            throw;
        }
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        AddTenant(command, eventData);
        return ValueTask.FromResult(result);
    }

    public override InterceptionResult<DbDataReader> ReaderExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result) => throw Synchronous();

    public override InterceptionResult<int> NonQueryExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result) => throw Synchronous();

    private static void AddTenant(DbCommand command, CommandEventData eventData)
    {
        if (NeedsTenant(eventData, out var tenantId))
        {
            var person = ObjectScope.Person;
#pragma warning disable CA2100 // a constant before the text that EF made
            command.CommandText = (person is null ? SetTenantSql : SetMemberSql) + command.CommandText;
#pragma warning restore CA2100
            command.Parameters.Add(new NpgsqlParameter<string>("app_tenant_id", tenantId.ToString()));
            if (person is { } id)
            {
                command.Parameters.Add(new NpgsqlParameter<string>("app_user_id", id.ToString()));
            }
        }
    }

    private static bool NeedsTenant(CommandEventData eventData, out Guid tenantId)
    {
        tenantId = default;
        if (eventData.Context is not WorkflowsDbContext { TenantId: { } tenant } context || context.Database.CurrentTransaction is not null)
        {
            return false;
        }

        tenantId = tenant;
        return true;
    }

    private static InvalidOperationException Synchronous() => new("The control plane is asynchronous only: a blocked thread per query starves the server.");
}

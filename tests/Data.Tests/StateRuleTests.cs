using System.Text.RegularExpressions;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>That the rules of <see cref="StateRules"/> are those of the database's own function, too.</summary>
public sealed partial class StateRuleTests(PostgresServer server) : IAsyncLifetime
{
    private const string Reason = "stop_reason = 'Overtaken by a younger execution.', ";

    private DataStack _stack = null!;

    public async ValueTask InitializeAsync() => _stack = await DataStack.CreateAsync(server);

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task The_function_that_overtakes_executions_asks_them_to_stop_by_the_same_rule()
    {
        var function = await _stack.ScalarAsync<string>(
            "select pg_get_functiondef('overtake_executions(uuid, uuid, text, int, int)'::regprocedure)");

        Assert.Contains(
            Words(StateRules.RequestStop),
            Words(function.Replace(Reason, "", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_other_function_of_the_database_changes_an_execution_in_its_place()
    {
        Assert.Equal(["overtake_executions"], await _stack.ListAsync(
            "select p.proname::text from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' "
            + "and pg_get_functiondef(p.oid) ~ 'wakes = |stop_request = ' order by 1"));
    }

    private static string Words(string sql) => Space().Replace(sql, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}

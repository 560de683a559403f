using System.Reflection;
using System.Text.RegularExpressions;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// Every statement of the assembly is a <c>const string ...Sql</c>. Each is prepared and planned as the role that runs it, on the migrated
/// schema: a misspelt column, a wrong type, a missing privilege or (on the hot path) a scan of a whole table shows before any behaviour.
/// </summary>
public sealed partial class SqlStatementTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly Dictionary<string, (DatabaseRole[] Roles, bool HotPath)> Users = new()
    {
        ["ApprovalInbox"] = ([DatabaseRole.Api], true),
        ["ApprovalParts"] = ([DatabaseRole.Api], true),
        ["ApprovalTasks"] = ([DatabaseRole.Worker], true),
        ["BudgetRounds"] = ([DatabaseRole.Worker], false),
        ["CallbackStore"] = ([DatabaseRole.Api], true),
        ["CheckpointWaits"] = ([DatabaseRole.Worker], true),
        ["TestRunStatements"] = ([DatabaseRole.Worker], true),
        ["TestStore"] = ([DatabaseRole.Worker], true),
        ["CheckpointWriter"] = ([DatabaseRole.Worker], true),
        ["ChildExecutions"] = ([DatabaseRole.Worker], true),
        ["ConnectorStore"] = ([DatabaseRole.Api, DatabaseRole.Worker], false),
        ["ContextStore"] = ([DatabaseRole.Worker], false),
        ["ConversationStore"] = ([DatabaseRole.Worker], false),
        ["ModelLedger"] = ([DatabaseRole.Worker], false),
        ["ModelStore"] = ([DatabaseRole.Api, DatabaseRole.Worker], false),
        ["WorkflowMemory"] = ([DatabaseRole.Worker], false),
        ["DatabaseClock"] = ([DatabaseRole.Api, DatabaseRole.Worker], false),
        ["DecisionStore"] = ([DatabaseRole.Api], true),
        ["DefinitionStore"] = ([DatabaseRole.Worker], false),
        ["DialogueStore"] = ([DatabaseRole.Api], false),
        ["EnqueuedAdmission"] = ([DatabaseRole.Worker], true),
        ["EventBacklog"] = ([DatabaseRole.Worker], true),
        ["EventExplainer"] = ([DatabaseRole.Api], true),
        ["EventRouter"] = ([DatabaseRole.Api, DatabaseRole.Worker], true),
        ["EventStore"] = ([DatabaseRole.Api], true),
        ["JoinStore"] = ([DatabaseRole.Api, DatabaseRole.Worker], true),
        ["RoutingCommit"] = ([DatabaseRole.Api, DatabaseRole.Worker], true),
        ["RuleRecipients"] = ([DatabaseRole.Api, DatabaseRole.Worker], true),
        ["RoutingTables"] = ([DatabaseRole.Api, DatabaseRole.Worker], true),
        ["ExecutionClaims"] = ([DatabaseRole.Worker], true),
        ["ClaimBatch"] = ([DatabaseRole.Worker], true),
        ["PromptFigures"] = ([DatabaseRole.Api], false),
        ["PromptWorkStore"] = ([DatabaseRole.Worker], false),
        ["QueueSweeps"] = ([DatabaseRole.Worker], true),
        ["ExecutionControl"] = ([DatabaseRole.Api], true),
        ["ExecutionHistory"] = ([DatabaseRole.Worker], true),
        ["ExecutionLogs"] = ([DatabaseRole.Worker], true),
        ["ExecutionQueries"] = ([DatabaseRole.Api], true),
        ["ExecutionStarter"] = ([DatabaseRole.Api], true),
        ["GrantStore"] = ([DatabaseRole.Api], false),
        ["IdentityProviderStore"] = ([DatabaseRole.Api], false),
        ["JobRunItems"] = ([DatabaseRole.Api, DatabaseRole.Worker], true),
        ["JobRunStore"] = ([DatabaseRole.Worker], true),
        ["JobRunStatements"] = ([DatabaseRole.Worker], true),
        ["ScheduleFiring"] = ([DatabaseRole.Worker], true),
        ["FiringStatements"] = ([DatabaseRole.Worker], true),
        ["LimitedStart"] = ([DatabaseRole.Api], true),
        ["LineageQueries"] = ([DatabaseRole.Api], true),
        ["MailStore"] = ([DatabaseRole.Api], false),
        ["Maintenance"] = ([DatabaseRole.Worker], false),
        ["Resealing"] = ([DatabaseRole.Worker], false),
        ["SecretSealer"] = ([DatabaseRole.Api, DatabaseRole.Worker], false),
        ["SecretStore"] = ([DatabaseRole.Api, DatabaseRole.Worker], false),
        ["OperatorQueries"] = ([DatabaseRole.Api], true),
        ["PerformanceStore"] = ([DatabaseRole.Worker], false),
        ["PlatformServer"] = ([DatabaseRole.Api, DatabaseRole.Worker], true),
        ["ObjectRanks"] = ([DatabaseRole.Api], false),
        ["LiveObjects"] = ([DatabaseRole.Api], true),
        ["QueueBudget"] = ([DatabaseRole.Api], true),
        ["SlotStore"] = ([DatabaseRole.Worker], true),
        ["WriteProbe"] = ([DatabaseRole.Api], false),
        ["StepQueries"] = ([DatabaseRole.Api], true),
        ["FailureQueries"] = ([DatabaseRole.Api], true),
        ["CompareQueries"] = ([DatabaseRole.Api], true),
        ["AnalyticsQueries"] = ([DatabaseRole.Api], true),
        ["EmbeddingStore"] = ([DatabaseRole.Api], false),
        ["EmbeddingSearch"] = ([DatabaseRole.Api], false),
        ["MetricStore"] = ([DatabaseRole.Api], false),
        ["NodeQueries"] = ([DatabaseRole.Api], true),
        ["NodeDefinitionStore"] = ([DatabaseRole.Worker], false),
        ["NotificationStore"] = ([DatabaseRole.Worker], true),
        ["PeopleWaits"] = ([DatabaseRole.Worker], true),
        ["SlotClaims"] = ([DatabaseRole.Api, DatabaseRole.Worker], true),
        ["SqlConnector"] = ([DatabaseRole.Worker], false), // on the databases of tenants; that it is SQL shows here as well
        ["TellingRounds"] = ([DatabaseRole.Worker], true),
        ["TenantScope"] = ([DatabaseRole.Api, DatabaseRole.Worker, DatabaseRole.Search], false),
        ["TenantExport"] = ([DatabaseRole.Api], false),
        ["TenantSettingsStore"] = ([DatabaseRole.Api, DatabaseRole.Worker], false),
        ["TimerStore"] = ([DatabaseRole.Worker], true),
        ["WebhookStore"] = ([DatabaseRole.Api], true),
        ["UsageStore"] = ([DatabaseRole.Worker], false),
        ["VariableStore"] = ([DatabaseRole.Worker], false),
        ["WorkerRegistry"] = ([DatabaseRole.Worker], true),
    };

    private DataStack _stack = null!;

    public async ValueTask InitializeAsync() => _stack = await DataStack.CreateAsync(server);

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Every_statement_prepares_as_the_role_that_runs_it_and_reads_by_index()
    {
        var problems = new List<string>();
        var statements = Statements().ToList();
        foreach (var (type, name, sql) in statements)
        {
            if (!Users.TryGetValue(type, out var users))
            {
                problems.Add($"{type}.{name}: say in {nameof(Users)} which role runs it.");
                continue;
            }

            foreach (var role in users.Roles)
            {
                var plan = await PlanAsync(role, sql);
                if (plan.Problem is not null)
                {
                    problems.Add($"{type}.{name} as {role}: {plan.Problem}");
                }
                else if (users.HotPath && WholeTable().IsMatch(plan.Text))
                {
                    problems.Add($"{type}.{name} as {role} scans a whole table:\n{plan.Text}");
                }
            }
        }

        Assert.True(statements.Count > 50, $"Only {statements.Count} statements were found.");
        Assert.True(problems.Count == 0, string.Join("\n\n", problems));
    }

    [Fact]
    public async Task A_look_up_without_its_key_is_seen_as_a_scan()
    {
        var plan = await PlanAsync(DatabaseRole.Worker, "select e.id from executions e where e.created_by = $1");

        Assert.Null(plan.Problem);
        Assert.Matches(WholeTable(), plan.Text);
    }

    // The migration runner's statements make the schema that the others need, and its tests run them all. The interceptor's is no
    // statement but the head of every other one.
    private static IEnumerable<(string Type, string Name, string Sql)> Statements() =>
        typeof(WorkflowsDatabase).Assembly.GetTypes()
            .Where(type => type != typeof(MigrationRunner) && type.Name != "TenantCommandInterceptor")
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .Where(field => field.IsLiteral && field.Name.EndsWith("Sql", StringComparison.Ordinal))
            .Select(field => (field.DeclaringType!.Name, field.Name, (string)field.GetRawConstantValue()!))
            .Where(statement => !statement.Item3.StartsWith("listen ", StringComparison.Ordinal)); // has no plan

    private async Task<(string? Problem, string Text)> PlanAsync(DatabaseRole role, string sql)
    {
        await using var database = new WorkflowsDatabase(_stack.Options, role);
        await using var connection = await database.HotPath.OpenConnectionAsync(TestContext.Current.CancellationToken);
        try
        {
            await ReadAsync(connection, $"prepare statement_under_test as {sql}");
            var parameters = await ReadAsync(
                connection, "select repeat('null, ', cardinality(parameter_types)) from pg_prepared_statements where name = 'statement_under_test'");
            var arguments = parameters.TrimEnd(' ', ',');
            return (null, await ReadAsync(connection, $"explain (costs off) execute statement_under_test{(arguments.Length == 0 ? "" : $"({arguments})")}"));
        }
        catch (PostgresException exception)
        {
            return ($"{exception.SqlState} {exception.MessageText}", "");
        }
    }

    private static async Task<string> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var lines = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            lines.Add(reader.GetString(0));
        }

        return string.Join('\n', lines);
    }

    [GeneratedRegex("Seq Scan on (executions|step_executions|waits|timers|dead_letters|idempotency_keys|events|event_dedupe|event_matches|events_to_route|workflow_triggers|schedules|schedule_fires|job_runs|job_run_items|rules|rule_joins|routing_versions|approval_requests|approval_assignees|approval_decisions|approval_tasks|notifications|callback_calls|told_workflows|subscriptions|notification_outbox|deliveries)")]
    private static partial Regex WholeTable();
}

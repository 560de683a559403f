using System.Text.Json;
using Npgsql;
using Workflows.Data.Approvals;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>The list of what waits for a person, and what it costs among very many requests.</summary>
public sealed class ApprovalInboxTests(PostgresServer server) : IAsyncLifetime
{
    private ApprovalBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bed = await ApprovalBed.CreateAsync(server);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task It_pages_through_all_ways_in_which_a_person_is_asked_each_request_once()
    {
        var (ann, bob) = (await _bed.AddUserAsync("ann"), await _bed.AddUserAsync("bob"));
        await _bed.AddGroupAsync("both", ann, bob);
        await _bed.AddRoleAsync("boss", ann);
        await _bed.SubstituteAsync(bob, ann);
        var expected = new List<Guid>();
        for (var round = 0; round < 3; round++)
        {
            expected.Add((await _bed.OpenAsync("ann, bob", groups: "both", roles: "boss")).Request);
            expected.Add((await _bed.OpenAsync("bob")).Request);
            expected.Add((await _bed.OpenAsync(groups: "both")).Request);
        }

        var seen = new List<Guid>();
        while (await _bed.Inbox.ListAsync(_bed.Tenant.Id, ann, ApprovalListing.Open, seen.Count == 0 ? null : seen[^1], 2, Token) is { Count: > 0 } page)
        {
            seen.AddRange(page.Select(item => item.Id));
        }

        Assert.Equal(expected.OrderDescending(), seen);
        Assert.Equal(6, (await _bed.OpenForAsync(bob)).Count + (await ListAsync(bob, ApprovalListing.Decided)).Count - 3);
        await _bed.CountsAsync(expected[0], ann);
        Assert.DoesNotContain(expected[0], await _bed.OpenForAsync(ann));
        Assert.Equal([expected[0]], await ListAsync(ann, ApprovalListing.Decided));
        Assert.Contains(expected[0], await ListAsync(ann, ApprovalListing.All));
    }

    [Fact]
    public async Task What_a_person_has_decided_leaves_the_open_ones_before_it_is_settled()
    {
        var ann = await _bed.AddUserAsync("ann");
        await _bed.AddUserAsync("bob");
        var (request, _) = await _bed.OpenAsync("ann, bob", mode: "all");

        Assert.Equal("open", await _bed.CountsAsync(request, ann));

        Assert.Empty(await _bed.OpenForAsync(ann));
    }

    // 100,000 requests, half of them closed; this person's among them: 1,000 in person and 20,000 by group.
    [Fact]
    public async Task Among_a_hundred_thousand_requests_a_page_reads_no_more_than_the_page()
    {
        var ann = await _bed.AddUserAsync("ann");
        var group = await _bed.AddGroupAsync("many", ann);
        await _bed.Stack.ExecuteAsync(
            """
            with made as (
              insert into approval_requests (tenant_id, id, execution_id, workflow_id, node_id, iteration, attempt, title, mode, required, unknown_assignees, status, created_at, closed_at)
              select $1, uuid_at(now() - make_interval(secs => n)), uuid_at(now() - make_interval(secs => n)), $1, 'n', '', 1, 'T', 'any', 1, '{}',
                case when n % 2 = 0 then 'open' else 'approved' end, now(), case when n % 2 = 1 then now() end
              from generate_series(1, 100000) n returning tenant_id, id, status, created_at
            )
            insert into approval_assignees (tenant_id, request_id, kind, principal_id, open, created_at)
            select tenant_id, id, case when r % 100 = 0 then 'user' else 'group' end,
              case when r % 100 = 0 then $2::uuid when r % 5 = 0 then $3::uuid else gen_random_uuid() end, status = 'open', created_at
            from (select *, row_number() over (order by id) as r from made) m
            """, _bed.Tenant.Id, ann, group);
        await _bed.Stack.ExecuteAsync(
            """
            insert into approval_decisions (tenant_id, request_id, user_id, decided_by, decision, decided_at)
            select $1, id, case when row_number() over (order by id) % 100 = 0 then $2 else gen_random_uuid() end, 'x', 'approve', now()
            from approval_requests where status = 'approved'
            """, _bed.Tenant.Id, ann);
        await _bed.Stack.ExecuteAsync("analyze approval_requests; analyze approval_assignees; analyze approval_decisions");

        foreach (var name in new[] { "OpenSql", "AllSql", "DecidedSql" })
        {
            var sql = (string)typeof(ApprovalInbox).GetField(name, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetRawConstantValue()!;
            var (nodes, rows) = await ExplainAsync(sql, ann);
            Assert.DoesNotContain(nodes, node => node is "Seq Scan on approval_requests" or "Seq Scan on approval_assignees" or "Seq Scan on approval_decisions");
            Assert.InRange(rows, 0, 400);
        }

        Assert.Equal(21, (await _bed.Inbox.ListAsync(_bed.Tenant.Id, ann, ApprovalListing.Open, null, 21, Token)).Count);
    }

    private async Task<List<Guid>> ListAsync(Guid user, ApprovalListing listing) =>
        [.. (await _bed.Inbox.ListAsync(_bed.Tenant.Id, user, listing, null, 100, Token)).Select(item => item.Id)];

    /// <summary>Every node with the table it scans, and the rows that scans of the three tables read, with those they threw away.</summary>
    private async Task<(List<string> Nodes, double Rows)> ExplainAsync(string sql, Guid user)
    {
        await using var connection = await _bed.Stack.Api.Source.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var tenant = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(_bed.Tenant.Id) } })
        {
            await tenant.ExecuteNonQueryAsync(Token);
        }

        await using var explain =
            new NpgsqlCommand($"explain (analyze, format json) {sql}", connection) { CommandTimeout = 300 };
        explain.Parameters.AddRange(
            new NpgsqlParameter[] { new() { Value = _bed.Tenant.Id }, new() { Value = user }, new() { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid }, new() { Value = 21 } });
        using var plan = JsonDocument.Parse((string)(await explain.ExecuteScalarAsync(Token))!);
        var nodes = new List<string>();
        var rows = 0.0;
        Walk(plan.RootElement[0].GetProperty("Plan"));
        return (nodes, rows);

        void Walk(JsonElement node)
        {
            var relation = node.TryGetProperty("Relation Name", out var name) ? name.GetString()! : "";
            nodes.Add($"{node.GetProperty("Node Type").GetString()} on {relation}");
            if (relation.StartsWith("approval_", StringComparison.Ordinal))
            {
                var removed = node.TryGetProperty("Rows Removed by Filter", out var filtered) ? filtered.GetDouble() : 0;
                rows += (node.GetProperty("Actual Rows").GetDouble() + removed) * node.GetProperty("Actual Loops").GetDouble();
            }

            if (node.TryGetProperty("Plans", out var children))
            {
                foreach (var child in children.EnumerateArray())
                {
                    Walk(child);
                }
            }
        }
    }
}

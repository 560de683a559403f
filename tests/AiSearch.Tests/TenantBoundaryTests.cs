using Npgsql;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Storage;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

public sealed class TenantBoundaryTests(PostgresServer server)
{
    private static readonly string[] Tables =
        ["corpora", "documents", "chunks", "embeddings", "models", "model_parts", "parked_work"];

    [Fact]
    public async Task Another_tenant_finds_nothing_and_the_same_words_find_each_tenants_own()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var (mine, foreign) = (await bed.AddTenantAsync(), await bed.AddTenantAsync());
        var myId = await bed.AddWorkflowAsync(mine, "Refund order");
        await bed.IndexAsync();

        Assert.Empty((await bed.SearchAsync(foreign, "refund order")).Hits);

        var foreignId = await bed.AddWorkflowAsync(foreign, "Refund order");
        await bed.IndexAsync();
        Assert.Equal(myId, (await bed.SearchAsync(mine, "refund order")).Hits.Single().Id);
        Assert.Equal(foreignId, (await bed.SearchAsync(foreign, "refund order")).Hits.Single().Id);
        Assert.Empty((await bed.SearchAsync(Guid.CreateVersion7(), "refund order")).Hits);
    }

    [Fact]
    public async Task Who_sees_only_what_was_granted_finds_nothing_else_by_word_name_or_meaning()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var granted = await bed.AddWorkflowAsync(tenantId, "Refund order");
        var hidden = await bed.AddWorkflowAsync(tenantId, "Refund order again");
        var failed = await bed.AddFailedExecutionAsync(tenantId, granted, """{"message": "refund refused"}""");
        await bed.AddFailedExecutionAsync(tenantId, hidden, """{"message": "refund refused"}""");
        await bed.IndexAsync();
        var person = Guid.CreateVersion7();
        await bed.ExecuteAsync(
            """
            insert into users (tenant_id, id, email, username, name, created_at, updated_at)
            values ($1, $2, 'p@example.com', 'p', 'P', now(), now())
            """, tenantId, person);
        var caller = new SearchCaller(tenantId, person);

        Assert.Empty((await bed.SearchAsync(caller, "refund order")).Hits);

        await bed.ExecuteAsync(
            """
            insert into object_permissions (tenant_id, id, object_type, object_id, user_id, level, granted_at)
            values ($1, gen_random_uuid(), 'workflow', $2, $3, 'view', now())
            """, tenantId, granted, person);
        Assert.Equal(
            new[] { granted, failed }.Order(),
            (await bed.SearchAsync(caller, "refund order")).Hits.Select(hit => hit.Id).Order());
        Assert.Equal(4, (await bed.SearchAsync(tenantId, "refund order")).Hits.Count);
    }

    [Fact]
    public async Task Prompt_cards_are_found_by_who_sees_their_workspace_until_they_or_it_are_deleted()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var card = Guid.CreateVersion7();
        await bed.ExecuteAsync(
            """
            insert into prompt_cards (tenant_id, id, workspace_id, title, description, tags, messages, variables,
              created_at,
              updated_at)
            values ($1, $2, $1, 'Summary of complaints', 'for the monthly letter', '{support}',
              '[{"role": "user", "text": "Condense the grievances of {{ customer }}"}]',
              '[{"name": "customer", "type": "string"}]', now(), now())
            """, tenantId, card);
        await bed.EnqueueAsync(tenantId, "index_prompt_card", card);
        await bed.AddWorkflowAsync(tenantId, "Complaints");
        await bed.IndexAsync();
        var person = Guid.CreateVersion7();
        await bed.ExecuteAsync(
            """
            insert into users (tenant_id, id, email, username, name, created_at, updated_at)
            values ($1, $2, 'p@example.com', 'p', 'P', now(), now())
            """, tenantId, person);
        var caller = new SearchCaller(tenantId, person);

        foreach (var words in (string[])["summary complaints", "monthly letter", "grievances", "tag:support"])
        {
            Assert.Equal(card, (await bed.SearchAsync(tenantId, words)).Hits[0].Id);
            Assert.Empty((await bed.SearchAsync(caller, words)).Hits);
        }

        await bed.ExecuteAsync(
            """
            insert into object_permissions (tenant_id, id, object_type, object_id, user_id, level, granted_at)
            values ($1, gen_random_uuid(), 'workspace', $1, $2, 'view', now())
            """, tenantId, person);
        Assert.Equal(card, (await bed.SearchAsync(caller, "type:prompt_card complaints")).Hits.Single().Id);

        await bed.ExecuteAsync("update workspaces set deleted_at = now() where tenant_id = $1", tenantId);
        bed.Clock.Offset = TimeSpan.FromSeconds(5);
        await bed.IndexAsync();
        Assert.Empty((await bed.SearchAsync(tenantId, "type:prompt_card complaints")).Hits);
    }

    [Fact]
    public async Task The_database_itself_gives_a_tenant_no_row_of_another()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var (mine, foreign) = (await bed.AddTenantAsync(), await bed.AddTenantAsync());
        await FillAsync(bed, mine);

        foreach (var table in Tables.Except(["corpora"]))
        {
            Assert.True(await CountAsync(bed, mine, table) > 0, table);
            Assert.Equal(0, await CountAsync(bed, foreign, table));
            Assert.Equal(0, await CountAsync(bed, tenantId: null, table));
        }

        // The overview of tenants may be read by the sweep, and nothing of it changed for another.
        Assert.Equal(0, await ChangeAsync(bed, foreign, "update search.corpora set model = 'stolen'"));
        Assert.Equal(0, await ChangeAsync(bed, foreign, "delete from search.documents"));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ChangeAsync(
            bed, foreign, $"insert into search.corpora (tenant_id, model, updated_at) values ('{mine}', 'm', now())"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Theory]
    [InlineData(DatabaseRole.Api)]
    [InlineData(DatabaseRole.Worker)]
    public async Task No_other_role_may_read_the_schema(DatabaseRole role)
    {
        await using var bed = await SearchBed.CreateAsync(server);
        await using var database = new WorkflowsDatabase(SearchBed.Options(bed.OwnerConnection), role);

        foreach (var table in Tables)
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(async () =>
            {
                await using var command = Command(database.Source, $"select 1 from search.{table}");
                await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            });
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
    }

    /// <summary>Rows in every table: a workflow, a learnt model, a parked row.</summary>
    private static async Task FillAsync(SearchBed bed, Guid tenantId)
    {
        await bed.PutAsync(tenantId, Enumerable.Range(0, Limits.TrainingChunksMin)
            .Select(i => (Guid.CreateVersion7(), $"Text {i}", $"alpha beta gamma delta epsilon zeta eta theta number{i % 7} topic{i % 11}")));
        await bed.Get<Indexing.Sweep>().RunAsync(TestContext.Current.CancellationToken);
        await bed.ExecuteAsync(
            "insert into search.parked_work values ($1, $1, 'index_workflow', $1, '{}', 8, 'cause', now())", tenantId);
    }

    private static async Task<long> CountAsync(SearchBed bed, Guid? tenantId, string table)
    {
        await using var batch = bed.Get<SearchDatabase>().Source.CreateBatch();
        if (tenantId is { } id)
        {
            batch.BatchCommands.Add(TenantScope.SetTenant(id));
        }

        batch.BatchCommands.Add(BatchCommand($"select count(*) from search.{table}"));
        await using var reader = await batch.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        if (tenantId is not null)
        {
            await reader.NextResultAsync(TestContext.Current.CancellationToken);
        }

        await reader.ReadAsync(TestContext.Current.CancellationToken);
        return reader.GetInt64(0);
    }

    private static async Task<int> ChangeAsync(SearchBed bed, Guid tenantId, string sql)
    {
        await using var batch = bed.Get<SearchDatabase>().Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(BatchCommand(sql));
        await batch.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return (int)batch.BatchCommands[1].RecordsAffected;
    }

#pragma warning disable CA2100 // names of the tables above
    private static NpgsqlBatchCommand BatchCommand(string sql) => new(sql);

    private static NpgsqlCommand Command(NpgsqlDataSource source, string sql) => source.CreateCommand(sql);
#pragma warning restore CA2100
}

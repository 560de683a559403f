using Microsoft.Extensions.DependencyInjection;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Indexing;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

public sealed class IndexingTests(PostgresServer server)
{
    private const string Refund = """
        {
          "triggers": [{ "id": "t", "type": "event", "eventType": "payment.disputed" }],
          "nodes": [
            { "id": "a", "type": "http", "name": "Ask the ledger", "parameters": { "url": "https://ledger.example/balances" } },
            { "id": "b", "type": "if", "name": "Large amount", "parameters": { "condition": "{{ input.amount > 500 }}" } }
          ],
          "edges": []
        }
        """;

    [Theory]
    [InlineData("give money back to the customer")]
    [InlineData("ledger balances")]
    [InlineData("payment disputed")]
    [InlineData("finance")]
    public async Task A_workflow_is_found_by_its_description_nodes_triggers_and_tags(string query)
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order", "Gives the customer the money back", ["finance"], Refund);
        await bed.AddWorkflowAsync(tenantId, "Weekly report", "Sends figures to the board");

        await bed.IndexAsync();

        var answer = await bed.SearchAsync(tenantId, query);
        Assert.Equal("hybrid", answer.Mode);
        Assert.Equal(id, answer.Hits[0].Id);
        Assert.Equal(tenantId, answer.Hits[0].WorkspaceId);
        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from outbox"));
    }

    [Fact]
    public async Task A_failed_execution_is_found_by_its_error_and_steps_until_a_retry_succeeds()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var workflowId = await bed.AddWorkflowAsync(tenantId, "Exchange rates");
        var id = await bed.AddFailedExecutionAsync(
            tenantId, workflowId, """{"code":"HTTP_TIMEOUT","message":"The upstream bank did not answer","node":"fetch-rates"}""");
        await bed.IndexAsync();

        var byError = await bed.SearchAsync(tenantId, "upstream bank timeout");
        var byOutput = await bed.SearchAsync(tenantId, "guilder");

        Assert.Equal(("execution", id), (byError.Hits[0].Type, byError.Hits[0].Id));
        Assert.Equal("HTTP_TIMEOUT", byError.Hits[0].Metadata.GetProperty("code").GetString());
        Assert.Equal(id, byOutput.Hits[0].Id);

        await bed.ExecuteAsync("update executions set status = 'completed', error = null, finished_at = now() where id = $1", id);
        await bed.EnqueueAsync(tenantId, "index_execution", id);
        await bed.IndexAsync();

        Assert.DoesNotContain((await bed.SearchAsync(tenantId, "upstream bank timeout")).Hits, hit => hit.Id == id);
    }

    [Fact]
    public async Task A_removed_workflow_is_not_found_and_leaves_no_text_behind()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order");
        await bed.IndexAsync();
        Assert.NotEmpty((await bed.SearchAsync(tenantId, "refund")).Hits);

        await bed.ExecuteAsync("update workflows set deleted_at = now(), version = version + 1 where id = $1", id);
        await bed.EnqueueAsync(tenantId, "remove_workflow", id);
        await bed.IndexAsync();

        Assert.Empty((await bed.SearchAsync(tenantId, "refund")).Hits);
        Assert.Equal(0L, await bed.ScalarAsync<long>("select (select count(*) from search.chunks) + (select count(*) from search.embeddings)"));
        Assert.Equal("", await bed.ScalarAsync<string>("select title from search.documents"));

        bed.Clock.Offset += Limits.TombstoneLifetime + TimeSpan.FromMinutes(1);
        await bed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from search.documents"));
    }

    [Fact]
    public async Task Indexing_the_same_state_again_changes_nothing()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order", definition: Refund);
        await bed.IndexAsync();
        var before = await bed.ScalarAsync<string>(StateSql);

        await bed.EnqueueAsync(tenantId, "index_workflow", id);
        await bed.EnqueueAsync(tenantId, "index_workflow", id);
        await bed.IndexAsync();

        Assert.Equal(before, await bed.ScalarAsync<string>(StateSql));
        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from outbox"));
    }

    [Fact]
    public async Task A_change_replaces_all_chunks_of_its_document()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order", definition: Refund);
        await bed.IndexAsync();
        Assert.NotEmpty((await bed.SearchAsync(tenantId, "ledger")).Hits);

        await bed.ExecuteAsync(
            "insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) values ($1, $2, 2, '{}', 'update', now())",
            tenantId, id);
        await bed.ExecuteAsync("update workflows set description = 'Now about parcels', version = 2 where id = $1", id);
        await bed.EnqueueAsync(tenantId, "index_workflow", id);
        await bed.IndexAsync();

        Assert.DoesNotContain((await bed.SearchAsync(tenantId, "ledger")).Hits, hit => hit.Why.Any(reason => reason.Signal == "words"));
        Assert.Equal(id, (await bed.SearchAsync(tenantId, "parcels")).Hits[0].Id);
        Assert.Equal(1L, await bed.ScalarAsync<long>("select count(*) from search.embeddings"));
    }

    [Fact]
    public async Task An_older_state_never_replaces_a_newer_one()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = Guid.CreateVersion7();
        Content State(long version, string text) => new(
            ContentTypes.KnowledgeArticle, id, version, "Article", [], WorkspaceId: null, bed.Clock.GetUtcNow(), "{}", [new("text", text)]);

        await bed.Get<Indexer>().IndexAsync(tenantId, [State(2, "newer")], [], TestContext.Current.CancellationToken);
        await bed.Get<Indexer>().IndexAsync(tenantId, [State(1, "older")], [], TestContext.Current.CancellationToken);

        Assert.Equal("newer", await bed.ScalarAsync<string>("select text from search.chunks"));
    }

    [Fact]
    public async Task Work_of_a_process_that_died_between_embedding_and_commit_is_done_by_another()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order");
        var embedding = new HaltingProvider();
        await using var dying = bed.AnotherInstance(configure: services => services.AddSingleton(provider =>
            new EmbeddingProviders(embedding, provider.GetRequiredService<LocalEmbeddings>())));
        using var death = new CancellationTokenSource();
        var work = dying.Get<OutboxConsumer>().WorkOffAsync(death.Token);
        await embedding.Reached.Task.WaitAsync(TestContext.Current.CancellationToken);

        await death.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from search.documents"));
        Assert.Equal(0, await bed.Get<OutboxConsumer>().WorkOffAsync(TestContext.Current.CancellationToken)); // the lease still runs

        bed.Clock.Offset += Limits.ClaimLease + TimeSpan.FromSeconds(1);
        await bed.IndexAsync();

        Assert.Equal(id, (await bed.SearchAsync(tenantId, "refund")).Hits.Single().Id);
        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from outbox"));
    }

    [Fact]
    public async Task A_row_that_keeps_failing_is_put_back_with_growing_pauses_and_parked_and_delays_no_other()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.ExecuteAsync("""
            create function refuse() returns trigger language plpgsql as
              $$ begin if new.title = 'Poison' then raise exception 'this document is poison'; end if; return new; end $$
            """);
        await bed.ExecuteAsync("create trigger refuse before insert on search.documents for each row execute function refuse()");
        var poison = await bed.AddWorkflowAsync(tenantId, "Poison");
        var good = await bed.AddWorkflowAsync(tenantId, "Refund order");

        await bed.IndexAsync();
        Assert.Equal(good, (await bed.SearchAsync(tenantId, "refund")).Hits.Single().Id);

        for (var attempt = 2; attempt <= Limits.WorkAttempts; attempt++)
        {
            Assert.Equal(attempt - 1, await bed.ScalarAsync<int>("select attempts from outbox"));
            Assert.Equal(0, await bed.Get<OutboxConsumer>().WorkOffAsync(TestContext.Current.CancellationToken)); // not due yet
            bed.Clock.Offset += TimeSpan.FromSeconds(Math.Pow(2, attempt - 2)) + TimeSpan.FromMilliseconds(100);
            await bed.Get<OutboxConsumer>().WorkOffAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from outbox"));
        Assert.Equal(poison, await bed.ScalarAsync<Guid>("select subject_id from search.parked_work where attempts = 8"));
        Assert.Contains("poison", await bed.ScalarAsync<string>("select error from search.parked_work"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ed5f0000-0000-4000-8000-000000000001")] // no time in it
    [InlineData("ffffffff-ffff-7fff-8000-000000000001")] // a time after the year 9999
    public async Task A_row_whose_id_tells_no_time_is_worked_off_at_once(string id)
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.ExecuteAsync(
            """
            insert into outbox (tenant_id, id, topic, subject_id, not_before)
            values ($1, $2::text::uuid, 'index_execution', gen_random_uuid(), now())
            """, tenantId, id);

        Assert.Equal(1, await bed.Get<OutboxConsumer>().WorkOffAsync(TestContext.Current.CancellationToken));

        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from outbox"));
    }

    [Fact]
    public async Task Two_instances_share_the_outbox_and_neither_does_the_others_work()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        await using var other = bed.AnotherInstance();
        var tenantId = await bed.AddTenantAsync();
        for (var i = 0; i < 3 * Limits.WorkPerClaim; i++)
        {
            await bed.AddWorkflowAsync(tenantId, $"Workflow {i}");
        }

        await Task.WhenAll(bed.IndexAsync(), other.IndexAsync());

        Assert.Equal(3L * Limits.WorkPerClaim, await bed.ScalarAsync<long>("select count(*) from search.documents"));
        Assert.Equal(3L * Limits.WorkPerClaim, await bed.ScalarAsync<long>("select revision from search.corpora"));
        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from outbox"));
    }

    private const string StateSql = "select string_agg(d::text, '|') || (select c::text from search.corpora c) from search.documents d";

    /// <summary>Signals that it was asked for vectors, and never gives them.</summary>
    private sealed class HaltingProvider : IEmbeddingProvider
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => "halting";

        public bool IsRemote => false;

        public bool Knows(string modelName) => true;

        public double ShareOf(string modelName) => 0.5;

        public float FloorOf(string modelName) => 0;

        public int DimensionOf(string modelName) => SemanticModel.Dimension;

        public ValueTask<EmbeddingModel> CurrentModelAsync(Guid tenantId, CancellationToken cancellationToken) =>
            new(new EmbeddingModel(LocalEmbeddings.UntrainedModel, SemanticModel.Dimension));

        public async Task<EmbeddingOutcome> EmbedAsync(
            Guid tenantId, string modelName, IReadOnlyList<EmbeddingInput> inputs, EmbeddingPurpose purpose,
            CancellationToken cancellationToken)
        {
            Reached.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return EmbeddingOutcome.Failed("never");
        }
    }
}

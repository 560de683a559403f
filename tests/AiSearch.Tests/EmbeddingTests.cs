using System.Numerics.Tensors;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Text;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

public sealed class EmbeddingTests(PostgresServer server)
{
    [Fact]
    public async Task A_grown_corpus_gets_a_learnt_model_and_the_old_vectors_go()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.PutAsync(tenantId, Corpus());
        Assert.Equal("local-1", (await bed.SearchAsync(tenantId, "physician")).Model);

        await bed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);

        var answer = await bed.SearchAsync(tenantId, "physician");
        Assert.Equal("hybrid", answer.Mode);
        Assert.StartsWith("local-1/", answer.Model, StringComparison.Ordinal);
        Assert.Equal(
            await bed.ScalarAsync<long>("select count(*) from search.chunks"),
            await bed.ScalarAsync<long>("select count(*) from search.embeddings where model = $1", answer.Model!));
        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from search.embeddings where model = 'local-1'"));
        Assert.Equal(0L, await bed.ScalarAsync<long>("select count(*) from search.corpora where next_model is not null"));
    }

    [Fact]
    public async Task The_learnt_model_finds_by_meaning_what_shares_no_word_with_the_query()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var target = Guid.CreateVersion7();
        await bed.PutAsync(tenantId, [.. Corpus(), (target, "Note", "The doctor treats the illness")]);
        await bed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);

        var answer = await bed.SearchAsync(tenantId, "physician", limit: 100);

        var hit = answer.Hits.Single(hit => hit.Id == target);
        Assert.DoesNotContain(hit.Why, reason => reason.Signal == "words");
        var similarity = hit.Why.Single(reason => reason.Signal == "meaning").Score;
        Assert.All(
            answer.Hits.Where(other => other.Snippet.Contains("bank", StringComparison.Ordinal)),
            other => Assert.True(other.Why.Sum(reason => reason.Score) < similarity / 2, other.Snippet));
    }

    [Fact]
    public async Task Changing_the_provider_embeds_anew_while_the_old_vectors_answer()
    {
        await using var provider = await EmbeddingServer.StartAsync();
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order", "Gives money back");
        await bed.IndexAsync();
        await using var changed = bed.AnotherInstance(provider.Settings());

        Assert.Equal("local-1", (await changed.SearchAsync(tenantId, "refund")).Model);
        await changed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);

        var answer = await changed.SearchAsync(tenantId, "money");
        Assert.Equal(("hybrid", "openai/words/768"), (answer.Mode, answer.Model));
        Assert.Equal(id, answer.Hits[0].Id);
        Assert.Contains(answer.Hits[0].Why, reason => reason.Signal == "meaning");
        Assert.Equal("Bearer test-key", provider.LastAuthorization);

        // An instance that still has the old configuration cannot embed for the new model: words only, and it says so.
        var old = await bed.SearchAsync(tenantId, "money");
        Assert.Equal("lexical", old.Mode);
        Assert.Contains("openai/words/768", old.Notice, StringComparison.Ordinal);
        Assert.Equal(id, old.Hits[0].Id);
    }

    [Fact]
    public async Task Without_the_provider_words_answer_and_texts_get_their_vectors_when_it_is_back()
    {
        await using var provider = await EmbeddingServer.StartAsync();
        await using var bed = await SearchBed.CreateAsync(server, provider.Settings());
        var tenantId = await bed.AddTenantAsync();
        provider.IsDown = true;
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order", "Gives money back");
        await bed.IndexAsync();

        var degraded = await bed.SearchAsync(tenantId, "money");
        Assert.Equal("lexical", degraded.Mode);
        Assert.Contains("openai failed", degraded.Notice, StringComparison.Ordinal);
        Assert.Equal(id, degraded.Hits.Single().Id);
        Assert.Equal(1.0, degraded.Hits[0].Why.Single(reason => reason.Signal == "words").Weight, 6);

        provider.IsDown = false;
        await bed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);
        var whole = await bed.SearchAsync(tenantId, "money");
        Assert.Equal("hybrid", whole.Mode);
        Assert.Contains(whole.Hits.Single().Why, reason => reason.Signal == "meaning");
    }

    [Fact]
    public async Task An_unchanged_chunk_of_a_changed_document_is_not_paid_for_again()
    {
        await using var provider = await EmbeddingServer.StartAsync();
        await using var bed = await SearchBed.CreateAsync(server, provider.Settings());
        var tenantId = await bed.AddTenantAsync();
        var id = Guid.CreateVersion7();
        Content State(long version, string second) => new(
            ContentTypes.KnowledgeArticle, id, version, "Article", [], WorkspaceId: null, DateTimeOffset.UnixEpoch, "{}",
            [new("1", "first part"), new("2", second)]);

        await bed.Get<Indexer>().IndexAsync(tenantId, [State(1, "second part")], [], TestContext.Current.CancellationToken);
        await bed.Get<Indexer>().IndexAsync(tenantId, [State(2, "another part")], [], TestContext.Current.CancellationToken);

        Assert.Equal(["Article\n\nfirst part", "Article\n\nsecond part", "Article\n\nanother part"], provider.Texts);
        Assert.Equal(2L, await bed.ScalarAsync<long>("select count(*) from search.embeddings"));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_failing_call_is_tried_again(int status)
    {
        await using var provider = await EmbeddingServer.StartAsync();
        await using var bed = await SearchBed.CreateAsync(server, provider.Settings());
        provider.Failures.Enqueue(status);

        var outcome = await EmbedAsync(bed, "some words");

        Assert.Null(outcome.Failure);
        Assert.Equal(1, outcome.Vectors[0].Sum(value => value * value), 3);
    }

    [Fact]
    public async Task Vectors_of_another_dimension_are_refused()
    {
        await using var provider = await EmbeddingServer.StartAsync();
        await using var bed = await SearchBed.CreateAsync(server, provider.Settings());
        provider.WrongDimension = 512;

        Assert.Equal("its vectors have 512 dimensions, not 768", (await EmbedAsync(bed, "some words")).Failure);
    }

    [Fact]
    public void A_wrong_configuration_is_named_whole()
    {
        var options = new EmbeddingOptions { Provider = "openai", Dimension = 500, BatchSize = Limits.TextsPerEmbedding + 1 };

        Assert.Equal(
            ["Endpoint", "Model", "Dimension", "ApiKey", "BatchSize"],
            options.Problems().Select(problem => problem.Split(' ')[0].Split(':')[^1]));
        Assert.Single(new EmbeddingOptions { Provider = "other" }.Problems(), problem => problem.Contains("'other'", StringComparison.Ordinal));
        Assert.Empty(new EmbeddingOptions().Problems());
    }

    [Fact]
    public void Learning_is_deterministic_and_stores_without_loss_of_rank()
    {
        var texts = Corpus().Select(text => TermVector.Of(text.Title, text.Text)).ToList();
        var first = SemanticTrainer.Train(texts, TestContext.Current.CancellationToken)!;
        var second = SemanticTrainer.Train(texts, TestContext.Current.CancellationToken)!;
        var query = TermVector.Of("patient");

        Assert.Equal(first.Embed(query), second.Embed(query));
        Assert.Equal(1, TensorPrimitives.Dot<float>(first.Embed(query), first.Embed(query)), 4);
        Assert.Null(SemanticTrainer.Train([.. texts.Take(5)], TestContext.Current.CancellationToken));
    }

    /// <summary>Two worlds whose words keep company; the two names of the one's main figure never stand together.</summary>
    internal static IEnumerable<(Guid Id, string Title, string Text)> Corpus()
    {
        (string[] Names, string[] Company)[] worlds =
        [
            (["doctor", "physician"], ["hospital", "patient", "ward", "nurse", "clinic", "illness"]),
            (["invoice", "bill"], ["ledger", "payment", "account", "bank", "credit", "debit"]),
        ];
        return Enumerable.Range(0, 60).Select(i =>
        {
            var (names, company) = worlds[i % 2];
            var words = Enumerable.Range(0, 4).Select(k => company[(i / 2 + k * (1 + i % 3)) % company.Length]);
            return (Guid.CreateVersion7(), "Note", $"{names[i / 2 % 2]} {string.Join(' ', words)}");
        });
    }

    private static Task<EmbeddingOutcome> EmbedAsync(SearchBed bed, string text) =>
        bed.Get<EmbeddingProviders>().Configured.EmbedAsync(
            Guid.Empty, "openai/words/768", [new EmbeddingInput(text, TermVector.Of(text))], EmbeddingPurpose.Query, TestContext.Current.CancellationToken);
}

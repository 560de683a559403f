using System.Text;
using Workflows.Data.Embeddings;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>Searching among many vectors of clients: the index answers as comparing all would, filters
/// included.</summary>
public sealed class EmbeddingSearchTests(PostgresServer server)
{
    private const int Dimension = 384;
    private const int Groups = 200;
    private const double LeastRecall = 0.95;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_large_type_is_searched_by_its_index_with_high_recall_and_filters_are_filled()
    {
        await using var stack = await DataStack.CreateAsync(server);
        var tenant = await stack.AddTenantAsync();
        var random = new Random(7);
        float[][] centres = [.. Enumerable.Range(0, Groups).Select(_ => Around(null, 1, random))];
        var store = new EmbeddingStore(stack.Api);
        for (var i = 0; i <= Limits.ExactVectors; i += 100)
        {
            await store.PutAsync(
                tenant.Id, "large",
                [.. Enumerable.Range(i, 100).Select(n => new NewEmbedding(
                    $"v{n}", Around(centres[n % Groups], 0.5f, random), Metadata(n), null))],
                DateTimeOffset.UtcNow, Token);
        }

        var search = new EmbeddingSearch(stack.Api);
        var (found, wanted) = (0, 0);
        for (var round = 0; round < 20; round++)
        {
            var query = Around(centres[round], 0.5f, random);
            var near = await search.SearchAsync(tenant.Id, "large", query, "{}"u8.ToArray(), -1, 10, Token);
            var exact = await ExactAsync(stack, tenant.Id, query);
            Assert.False(near.IsExact);
            wanted += exact.Count;
            found += exact.Intersect(near.Hits.Select(hit => hit.ContentId)).Count();
        }

        var recall = (double)found / wanted;
        TestContext.Current.SendDiagnosticMessage($"recall@10 of own embeddings: {recall:0.000}");
        Assert.True(recall >= LeastRecall, $"recall@10 is {recall:0.000}");

        // One in a thousand passes: the index gives up, and all are compared.
        var rare = await search.SearchAsync(
            tenant.Id, "large", centres[3], """{"rare": true}"""u8.ToArray(), -1, 20, Token);
        Assert.Equal(20, rare.Hits.Count);
        Assert.All(rare.Hits, hit => Assert.Equal(0, int.Parse(hit.ContentId[1..], provider: null) % 1_000));
        Assert.Equal([.. rare.Hits.OrderByDescending(hit => hit.Similarity)], rare.Hits);
    }

    [Fact]
    public async Task Vectors_too_small_for_half_precision_are_found_too()
    {
        await using var stack = await DataStack.CreateAsync(server);
        var tenant = await stack.AddTenantAsync();
        var tiny = new float[Dimension];
        (tiny[0], tiny[1]) = (1e-9f, 2e-9f);
        await new EmbeddingStore(stack.Api).PutAsync(
            tenant.Id, "tiny", [new NewEmbedding("a", tiny, "{}"u8.ToArray(), null)], DateTimeOffset.UtcNow, Token);

        var query = new float[Dimension];
        (query[0], query[1]) = (1e9f, 2e9f);
        var hits = await new EmbeddingSearch(stack.Api)
            .SearchAsync(tenant.Id, "tiny", query, "{}"u8.ToArray(), 0.99, 5, Token);
        Assert.Equal(1, Assert.Single(hits.Hits).Similarity, 3);
    }

    private static async Task<List<string>> ExactAsync(DataStack stack, Guid tenantId, float[] query)
    {
        await using var command = stack.Owner.CreateCommand(
            """
            with all_of_it as materialized (
              select content_id, embedding <=> $2::real[]::vector as distance from own_embeddings where tenant_id = $1
            )
            select content_id from all_of_it order by distance limit 10
            """);
        command.Parameters.AddWithValue(tenantId);
        command.Parameters.AddWithValue(query);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var ids = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    private static byte[] Metadata(int n) => Encoding.UTF8.GetBytes(
        n % 1_000 == 0 ? """{"rare": true}""" : """{"rare": false}""");

    private static float[] Around(float[]? centre, float spread, Random random) =>
        [.. Enumerable.Range(0, Dimension).Select(i =>
            (centre?[i] ?? 0) + (spread * (float)(random.NextDouble() - 0.5)))];
}

using System.Numerics.Tensors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Storage;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

/// <summary>Numbers against what the plain loop says, and what PostgreSQL makes of them.</summary>
public sealed class VectorTests(PostgresServer server)
{
    private const int Dimension = 384;

    private static readonly float[] Edges =
    [
        0, -0f, 1, -1, 1f / 3, 65504, -65504, 65519, 65520, 6.1035156e-5f, 5.9604645e-8f, 2.9e-8f,
        1.00048828125f, 1.00146484375f,
        float.Epsilon, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
    ];

    [Fact]
    public void Half_precision_is_that_of_a_cast_for_every_length_and_edge()
    {
        for (var length = 0; length <= 70; length++)
        {
            var values = Numbers(length, seed: length).Concat(Edges).ToArray();
            var halves = values.Select(value => BitConverter.HalfToUInt16Bits((Half)value)).ToArray();

            var bytes = SemanticModel.ToHalves(values);
            Assert.Equal(halves, Enumerable.Range(0, values.Length).Select(i => BitConverter.ToUInt16(bytes, i * 2)));
            Assert.Equal(halves, Vectors.ToHalfVector(values).ToArray().Select(BitConverter.HalfToUInt16Bits));

            var back = new float[values.Length];
            SemanticModel.FromHalves(bytes, back);
            Assert.Equal(values.Select(value => (float)(Half)value), back);
        }
    }

    [Fact]
    public void A_scaled_vector_is_added_for_every_length()
    {
        for (var length = 0; length <= 70; length++)
        {
            var (target, source) = (Numbers(length, seed: 1), Numbers(length, seed: 2));
            var expected = target.Zip(source, (to, from) => to + (0.37f * from)).ToArray();

            Vectors.AddScaled(target, source, 0.37f);

            Assert.Equal(expected.Length, target.Length);
            Assert.All(expected.Zip(target), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        }
    }

    [Fact]
    public void A_vector_is_brought_to_length_one_unless_it_has_no_direction()
    {
        var vector = Numbers(Dimension, seed: 3);
        var direction = vector.Select(value => (double)value).ToArray();
        var norm = Math.Sqrt(direction.Sum(value => value * value));
        var nothing = new float[Dimension];

        Assert.True(Vectors.Normalize(vector));
        Assert.All(direction.Zip(vector), pair => Assert.Equal(pair.First / norm, pair.Second, 1e-6));
        Assert.False(Vectors.Normalize(nothing));
        Assert.All(nothing, value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task A_vector_is_stored_and_read_to_the_bit_as_the_server_would_round_it()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var vector = Numbers(Dimension, seed: 4);
        Vectors.Normalize(vector);
        await using var command = bed.Get<SearchDatabase>().Source.CreateCommand(
            "select $1, ($2::real[]::halfvec <=> $1)::real, $2::real[]::halfvec = $1, vector_dims($1)");
        command.Parameters.Add(new NpgsqlParameter { Value = Vectors.ToHalfVector(vector) });
        command.Parameters.Add(new NpgsqlParameter { Value = vector });

        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        await reader.ReadAsync(TestContext.Current.CancellationToken);

        Assert.Equal(Vectors.ToHalfVector(vector).ToArray(), reader.GetFieldValue<Pgvector.HalfVector>(0).ToArray());
        Assert.Equal(0, reader.GetFloat(1), 1e-6f);
        Assert.True(reader.GetBoolean(2));
        Assert.Equal(Dimension, reader.GetInt32(3));
    }

    [Fact]
    public async Task The_nearest_are_those_of_the_cosine_by_index_and_by_comparison()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.PutAsync(
            tenantId, Enumerable.Range(0, 40).Select(i => (Guid.CreateVersion7(), $"t{i}", $"a{i % 7} b{i % 5} c{i}")));
        var stored = await StoredAsync(bed, tenantId);
        var query = stored[3].Vector;
        var expected = stored.ToDictionary(
            row => row.Id, row => TensorPrimitives.CosineSimilarity<float>(row.Vector, query));

        foreach (var few in new[] { null, expected.Keys.ToArray() })
        {
            var hits = await bed.Get<VectorSearch>().SearchAsync(
                tenantId, "local-1", query, SearchFilter.None, few, limit: 10, TestContext.Current.CancellationToken);

            Assert.Equal(10, hits.Count);
            Assert.Equal(stored[3].Id, hits[0].DocumentId);
            Assert.All(hits, hit => Assert.Equal(expected[hit.DocumentId], hit.Score, 2e-3f));
            Assert.Equal(expected.Values.OrderDescending().Take(10).Min(), hits.Min(hit => hit.Score), 2e-3f);
        }
    }

    [Fact]
    public async Task A_service_that_came_before_the_schema_gets_well_when_the_schema_is_there()
    {
        await using (await SearchBed.CreateAsync(server))
        {
            // The role is the server's, and is made with the first database.
        }

        await using var bed = await SearchBed.CreateEmptyAsync(server);
        var health = ActivatorUtilities.CreateInstance<VectorIndexHealth>(bed.Provider);
        var early = await Assert.ThrowsAsync<PostgresException>(() => CheckAsync(health));
        await new MigrationRunner(SearchBed.Options(bed.OwnerConnection))
            .MigrateAsync(TestContext.Current.CancellationToken);

        Assert.Equal(PostgresErrorCodes.UndefinedTable, early.SqlState);
        await Assert.ThrowsAsync<InvalidCastException>(() => NearestAsync(bed)); // it has learnt types without halfvec
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(health)).Status);
        Assert.Empty(await NearestAsync(bed));
    }

    private static Task<IReadOnlyList<SignalHit>> NearestAsync(SearchBed bed) => bed.Get<VectorSearch>().SearchAsync(
        Guid.Empty, "local-1", new float[Dimension], SearchFilter.None, documents: null, limit: 1,
        TestContext.Current.CancellationToken);

    private static Task<HealthCheckResult> CheckAsync(VectorIndexHealth health) =>
        health.CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken);

    private static async Task<List<(Guid Id, float[] Vector)>> StoredAsync(SearchBed bed, Guid tenantId)
    {
        await using var command = bed.Owner.CreateCommand(
            "select document_id, embedding::real[] from search.embeddings where tenant_id = $1 order by document_id");
        command.Parameters.Add(new NpgsqlParameter { Value = tenantId });
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<(Guid, float[])>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            rows.Add((reader.GetGuid(0), reader.GetFieldValue<float[]>(1)));
        }

        return rows;
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];
    }
}

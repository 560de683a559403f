using System.Reflection;
using Npgsql;
using Workflows.AiSearch.Storage;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

public sealed class SqlStatementTests(PostgresServer server)
{
    [Fact]
    public async Task Every_statement_prepares_with_the_rights_of_the_service()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        await using var connection = await bed.Get<SearchDatabase>().Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var statements = typeof(SearchDatabase).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .Where(field => field.IsLiteral && field.Name.EndsWith("Sql", StringComparison.Ordinal))
            .Select(field => (Name: $"{field.DeclaringType!.Name}.{field.Name}", Sql: (string)field.GetRawConstantValue()!))
            .ToList();
        Assert.InRange(statements.Count, 30, 100);

        foreach (var (name, sql) in statements)
        {
            // Types are declared by the parameters at run time; where the text alone does not tell, the server may not know them.
#pragma warning disable CA2100 // constants of the assembly under test
            await using var command = new NpgsqlCommand($"prepare s as {sql}", connection);
#pragma warning restore CA2100
            try
            {
                await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.IndeterminateDatatype)
            {
                continue;
            }
            catch (PostgresException exception)
            {
                Assert.Fail($"{name}: {exception.MessageText}");
            }

            await using var forget = new NpgsqlCommand("deallocate s", connection);
            await forget.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task The_nearest_chunks_of_a_large_tenant_come_from_the_index()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.PutAsync(tenantId, Enumerable.Range(0, 3_000).Select(i => (Guid.CreateVersion7(), $"t{i}", $"a{i % 97} b{i % 31} c{i}")));
        await bed.ExecuteAsync("analyze search.embeddings");

        var plan = await PlanAsync(bed, tenantId);

        Assert.Contains("embeddings_384", plan, StringComparison.Ordinal);
    }

    private static async Task<string> PlanAsync(SearchBed bed, Guid tenantId)
    {
        var sql = (string)typeof(Search.VectorSearch).GetField("Nearest384Sql", BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue()!;
        await using var batch = bed.Get<SearchDatabase>().BatchFor(tenantId);
        batch.Add(
            "explain " + sql, tenantId, "local-1", Embeddings.Vectors.ToHalfVector(new float[384]),
            Array.Empty<string>(), Array.Empty<string>(),
            TenantBatch.UuidOrNull(null), DateTimeOffset.UnixEpoch.AddYears(-60), DateTimeOffset.UnixEpoch.AddYears(900), 100);
        await using var reader = await batch.ReadAsync(TestContext.Current.CancellationToken);
        var lines = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            lines.Add(reader.GetString(0));
        }

        return string.Join('\n', lines);
    }
}

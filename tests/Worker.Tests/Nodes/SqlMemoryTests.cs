using Workflows.Worker.Calls;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>What a value of a tenant's database takes of the worker's memory. Alone: all of the process
/// counts.</summary>
[Collection(nameof(SqlMemoryTests))]
[CollectionDefinition(nameof(SqlMemoryTests), DisableParallelization = true)]
public sealed class SqlMemoryTests(SqlValueTests.Target target) : IClassFixture<SqlValueTests.Target>
{
    [Fact]
    public async Task A_huge_value_takes_no_memory_to_speak_of()
    {
        Assert.IsType<NodeResult.Success>(await target.Bed.RunAsync("sql", Call("select 1 as v")));
        var before = GC.GetTotalAllocatedBytes();

        var error = await target.Bed.FailAsync("sql", Call("select repeat('x', 250000000)"));

        Assert.Equal("SQL_ANSWER_TOO_LARGE", error.Code);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 30_000_000);
    }

    private static object Call(string statement) => new
    {
        connector = "db",
        statement,
        readOnly = true,
        maxRows = 100,
        timeoutSeconds = 20.0,
    };
}

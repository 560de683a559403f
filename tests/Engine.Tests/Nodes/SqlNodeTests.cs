using System.Text;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>What a sql node is refused for when it is saved, although a published version keeps it.</summary>
public sealed class SqlNodeTests
{
    [Theory]
    [InlineData("delete from orders where id = @id", null, "/nodes/0/parameters/statement", "'@id'")]
    [InlineData("delete from orders where id = @id", "{}", "/nodes/0/parameters/statement", "'@id'")]
    [InlineData(
        "delete from orders where id = @id",
        """{"orderid": "{{ input.id }}"}""",
        "/nodes/0/parameters/statement",
        "'@id'")]
    [InlineData("select 1", """{"a/b": 1}""", "/nodes/0/parameters/parameters/a~1b", "'@a/b'")]
    [InlineData("select $1, $2", "[1]", "/nodes/0/parameters/statement", "$2")]
    [InlineData("select $1", """{"a": 1}""", "/nodes/0/parameters/statement", "$1")]
    public void A_statement_and_its_values_that_do_not_fit_are_refused_when_saved(
        string statement, string? values, string pointer, string named)
    {
        var problem = Objections(statement, values)[0];

        Assert.Equal((pointer, DefinitionProblemCodes.ParameterValue), (problem.Pointer, problem.Code));
        Assert.Contains(named, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("delete from orders where id = @id", """{"id": "{{ input.id }}"}""")]
    [InlineData("delete from orders where id = @id", "\"{{ input.values }}\"")]
    [InlineData("select x @> y, '@a' from t", null)]
    [InlineData("select $1", "[\"{{ input.id }}\"]")]
    public void What_fits_or_is_known_only_when_it_runs_is_taken(string statement, string? values) =>
        Assert.Empty(Objections(statement, values));

    private static IReadOnlyList<DefinitionProblem> Objections(string statement, string? values)
    {
        var parameters = values is null ? "" : $", \"parameters\": {values}";
        var json = Flow.Json(
            $$$"""
            {"id": "q", "type": "sql", "parameters": {"connector": "db",
              "statement": "{{{statement}}}"{{{parameters}}}}}
            """);
        Assert.True(CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(json), out var workflow, out _));
        return workflow.Objections;
    }
}

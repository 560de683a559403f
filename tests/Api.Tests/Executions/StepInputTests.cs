using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

/// <summary>What a step ran on: kept of tests, worked out again of everything else.</summary>
public sealed class StepInputTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task It_is_worked_out_from_the_steps_before_with_secrets_masked_and_errors_named()
    {
        using var owner = api.Host.Owner();
        await owner.PostAsync("secrets", new { name = "TOKEN", value = "hush-hush" });
        var id = await RunAsync(owner, new
        {
            schema = 1,
            nodes = new object[]
            {
                new { id = "a", type = "set", parameters = new { value = 1 } },
                new
                {
                    id = "call", type = "http",
                    parameters = new
                    {
                        url = "https://x.example/{{ steps.a.output.id }}",
                        headers = new { authorization = "Bearer {{ secrets.TOKEN }}" },
                        body = new { bad = "{{ 1 + input.text }}" },
                    },
                },
                new
                {
                    id = "way", type = "switch",
                    parameters = new { cases = new object[] { new { port = "big",
                        when = "steps.call.output.n > 1" } } },
                },
            },
            edges = new object[] { new { from = "a", to = "call" }, new { from = "call", to = "way" } },
        });
        await RecordAsync(id, 1, "a", """{"id": 7}""");
        await RecordAsync(id, 2, "call", """{"n": 5}""");
        await RecordAsync(id, 3, "way", "\"default\"", port: "default");

        var input = await InputAsync(owner, id, "call");

        Assert.True(input.GetProperty("reconstructed").GetBoolean());
        var parameters = input.GetProperty("parameters");
        Assert.Equal("https://x.example/7", parameters.GetProperty("url").GetString());
        Assert.Equal("Bearer ***", parameters.GetProperty("headers").GetProperty("authorization").GetString());
        Assert.Equal(JsonValueKind.Null, parameters.GetProperty("body").ValueKind);
        Assert.Equal("/body", input.GetProperty("errors")[0].GetProperty("pointer").GetString());
        Assert.DoesNotContain("hush", input.ToString(), StringComparison.Ordinal);
        var way = (await InputAsync(owner, id, "way")).GetProperty("parameters").GetProperty("cases")[0];
        Assert.Equal("True", way.GetProperty("when").ToString());
    }

    [Fact]
    public async Task What_was_kept_with_the_step_is_shown_as_it_was()
    {
        using var owner = api.Host.Owner();
        var id = await RunAsync(owner, Samples.Definition());
        await RecordAsync(id, 1, "only", "1", input: """{"origin": "pinned", "parameters": {"x": "kept"}}""");

        var step = (await owner.GetAsync($"executions/{id}/steps/one?node=only")).Ok().Data;

        Assert.Equal("pinned", step.GetProperty("origin").GetString());
        Assert.False(step.GetProperty("input").GetProperty("reconstructed").GetBoolean());
        Assert.Equal("kept", step.GetProperty("input").GetProperty("parameters").GetProperty("x").GetString());
        Assert.Equal("pinned", (await owner.GetAsync($"executions/{id}/steps"))
            .Ok().Data[0].GetProperty("origin").GetString());
        Assert.Equal("pinned", (await owner.GetAsync($"executions/{id}"))
            .Ok().Data.GetProperty("steps")[0].GetProperty("origin").GetString());
    }

    [Fact]
    public async Task What_cannot_be_told_says_why()
    {
        using var owner = api.Host.Owner();
        var id = await RunAsync(owner, Samples.Definition());
        await RecordAsync(id, 1, "gone", "1");

        var input = await InputAsync(owner, id, "gone");

        Assert.Equal(JsonValueKind.Null, input.GetProperty("parameters").ValueKind);
        Assert.Contains("gone", input.GetProperty("problem").GetString(), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> InputAsync(ApiClient owner, Guid id, string node) =>
        (await owner.GetAsync($"executions/{id}/steps/one?node={node}")).Ok().Data.GetProperty("input");

    private static async Task<Guid> RunAsync(ApiClient owner, object definition)
    {
        var workflow = await owner.CreatePublishedAsync(definition);
        return (await owner.PostAsync($"workflows/{workflow}/execute", """{"input": {"text": "t"}}"""))
            .Ok(System.Net.HttpStatusCode.Accepted).Id;
    }

    private Task RecordAsync(Guid id, int sequence, string node, string output, string port = "main",
        string? input = null) =>
        api.Host.ExecuteAsync(
            """
            insert into step_executions (tenant_id, execution_id, node_id, attempt, run, sequence, node_type, status,
                port,
              output, input, started_at, finished_at)
            values ($1, $2, $3, 1, 1, $4, 'set', 'completed', $5, $6::jsonb, nullif($7, '')::jsonb, now(), now())
            """, api.Host.First.TenantId, id, node, sequence, port, output, input ?? "");
}

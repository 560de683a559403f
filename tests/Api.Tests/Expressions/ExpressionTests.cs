using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Jsonata;

namespace Workflows.Api.Tests.Expressions;

public sealed class ExpressionTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly object Loops = new
    {
        schema = 1,
        nodes = new object[]
        {
            new { id = "price", type = "set", parameters = new { value = 7 } },
            new
            {
                id = "each", type = "forEach", parameters = new { items = "{{ input.items }}" },
                body = new
                {
                    nodes = new object[]
                    {
                        new { id = "line", type = "set",
                            parameters = new { value = "{{ item.n * steps.price.output }}" } },
                        new { id = "after", type = "set", parameters = new { value = "{{ steps.line.output }}" } },
                    },
                    edges = new object[] { new { from = "line", to = "after" } },
                },
            },
            new
            {
                id = "again", type = "repeat", parameters = new { max = 9 },
                body = new
                {
                    nodes = new object[] { new { id = "add", type = "set",
                        parameters = new { value = "{{ (item ? item : 0) + 1 }}" } } },
                    edges = Array.Empty<object>(),
                    output = "{{ (item ? item : 0) + steps.add.output }}",
                },
            },
        },
        edges = new object[] { new { from = "price", to = "each" }, new { from = "each", to = "again" } },
    };

    [Theory]
    [InlineData("""{"expression": "a + 1", "data": {"a": 2}}""", "number", "3")]
    [InlineData("""{"expression": " {{ a }} ", "data": {"a": [1, 2]}}""", "array", "[1,2]")]
    [InlineData("""{"expression": "$", "data": null}""", "null", "null")]
    [InlineData("""{"expression": "nothing", "data": {}}""", "undefined", null)]
    [InlineData("""{"expression": "1 = 1"}""", "boolean", "true")]
    [InlineData("""{"template": {"x": "n is {{ n }}"}, "data": {"n": 5}}""", "object", """{"x":"n is 5"}""")]
    [InlineData("""{"template": null}""", "null", "null")]
    [InlineData("""{"expression": "$fromMillis(0, '[H01]', 'Europe/Berlin')"}""", "string", "\"01\"")]
    public async Task It_yields_what_a_worker_would(string body, string type, string? value)
    {
        using var owner = api.Host.Owner();

        var answer = (await owner.PostAsync("expressions/evaluate", body)).Ok().Data;

        Assert.Equal(type, answer.GetProperty("type").GetString());
        Assert.Equal(value ?? "null", answer.GetProperty("value").GetRawText());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("error").ValueKind);
    }

    [Theory]
    [InlineData("""{"expression": "a +"}""", "S0207", 3)]
    [InlineData("""{"expression": "{{ a + }}"}""", null, null)]
    [InlineData("""{"expression": "1 + 'x'"}""", "T2002", 3)]
    [InlineData("""{"expression": "$nope()"}""", "T1006", 6)]
    [InlineData("""{"expression": "($f := function() { $f() + 1 }; $f())"}""", "U1001", null)]
    [InlineData("""{"expression": "$sum([1..99999999])"}""", "D2014", null)]
    [InlineData("""{"expression": "$join([1..200000].('0123456789ABCDEF'))"}""", "U1004", null)]
    [InlineData("""{"template": {"a": ["{{ 1 + }}"]}}""", null, null)]
    public async Task What_is_wrong_is_an_answer_with_code_message_and_position(string body, string? code,
        int? position)
    {
        using var owner = api.Host.Owner();

        var answer = (await owner.PostAsync("expressions/evaluate", body)).Ok().Data;

        var error = answer.GetProperty("error");
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.Equal(code ?? error.GetProperty("code").GetString(), error.GetProperty("code").GetString());
        Assert.Equal(position ?? error.GetProperty("position").GetInt32(), error.GetProperty("position").GetInt32());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("value").ValueKind);
    }

    [Fact]
    public async Task The_position_counts_in_the_text_as_it_was_sent()
    {
        using var owner = api.Host.Owner();
        async Task<int> StartAsync(string expression) =>
            (await owner.PostAsync("expressions/evaluate", new { expression })).Ok()
            .Data.GetProperty("error").GetProperty("start").GetInt32();

        Assert.Equal(await StartAsync(" 1 + 'x' ") + 4, await StartAsync("  {{ 1 + 'x' }}"));
        var template = (await owner.PostAsync(
            "expressions/evaluate", """{"template": {"a": ["ok", "{{ 1 + 'x' }}"]}}""")).Ok();
        Assert.Equal("/a/1", template.Data.GetProperty("error").GetProperty("pointer").GetString());
    }

    [Theory]
    [InlineData("'\\ud83d'")]
    [InlineData("'\\u0000'")]
    [InlineData("$sum")]
    [InlineData("1/0")]
    [InlineData("($f := function($n, $v) { $n = 0 ? $v : $f($n - 1, [[$v]]) }; $f(150, 1))")]
    [InlineData("$eval('$eval(\"$eval(\\\"1+\\\")\")')")]
    [InlineData("$replace('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /(a+)+$/, 'x')")]
    [InlineData("$formatNumber(1, '')")]
    [InlineData("")]
    public async Task Whatever_is_written_is_answered(string expression)
    {
        using var owner = api.Host.Owner();

        var answer = (await owner.PostAsync("expressions/evaluate", new { expression })).Ok().Data;

        Assert.True(
            answer.GetProperty("error").ValueKind == JsonValueKind.Object
                ^ answer.GetProperty("type").ValueKind == JsonValueKind.String,
            answer.ToString());
    }

    [Fact]
    public async Task An_evaluation_without_end_ends_with_its_time_or_its_steps()
    {
        using var owner = api.Host.Owner();
        const string Slow =
            "$count([1..190000].$string($) ~> $map(function($v) { $map([1..190000], function($w) { $v }) }))";

        var answer = (await owner.PostAsync("expressions/evaluate", new { expression = Slow })).Ok().Data;

        Assert.Contains(
            answer.GetProperty("error").GetProperty("code").GetString(), new[] { "TIMEOUT", "U1002", "U1009" });
        Assert.True(answer.GetProperty("durationMs").GetDouble() < 10_000);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"expression": "1", "template": 1}""")]
    [InlineData("""{"expression": "1", "executionId": "01990000-0000-7000-8000-000000000000"}""")]
    [InlineData("""{"expression": "1", "iteration": "0"}""")]
    [InlineData(
        """{"expression": "1", "data": 1, "executionId": "01990000-0000-7000-8000-000000000000", "nodeId": "a"}""")]
    public async Task What_is_asked_must_be_one_thing(string body)
    {
        using var owner = api.Host.Owner();

        (await owner.PostAsync("expressions/evaluate", body)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task It_sees_what_a_node_of_an_execution_saw()
    {
        using var owner = api.Host.Owner();
        var id = await RunAsync(owner);
        async Task<string> AskAsync(string expression, string nodeId, string? iteration = null) =>
            (await owner.PostAsync("expressions/evaluate", new { expression, executionId = id, nodeId, iteration }))
                .Ok()
            .Data.GetProperty("value").GetRawText();

        Assert.Equal("2", await AskAsync("item.n", "line", "1"));
        Assert.Equal("1", await AskAsync("index", "line", "1"));
        Assert.Equal("14", await AskAsync("steps.line.output", "after", "1"));
        Assert.Equal("null", await AskAsync("steps.line.output", "line", "1"));
        Assert.Equal("7", await AskAsync("steps.price.output", "after", "0"));
        Assert.Equal("null", await AskAsync("steps.each.output", "after", "0"));
        Assert.Equal("\"manual\"", await AskAsync("trigger.type", "price"));
        Assert.Equal($"\"{id}\"", await AskAsync("execution.id", "price"));
        Assert.Equal("2", await AskAsync("$count(input.items)", "again"));
        // 0 + 1, then 1 + 2: each round has the result of the one before.
        Assert.Equal("1", await AskAsync("item", "add", "1"));
        Assert.Equal("3", await AskAsync("item", "add", "2"));
    }

    [Fact]
    public async Task What_is_not_there_is_not_found_and_strangers_find_nothing()
    {
        using var owner = api.Host.Owner();
        var id = await RunAsync(owner);
        object Ask(string nodeId, string? iteration = null, int? attempt = null) =>
            new { expression = "1", executionId = id, nodeId, iteration, attempt };

        (await owner.PostAsync("expressions/evaluate", Ask("none"))).Fails(HttpStatusCode.NotFound, "NODE_NOT_FOUND");
        (await owner.PostAsync("expressions/evaluate", Ask("line"))).Fails(HttpStatusCode.NotFound, "STEP_NOT_FOUND");
        (await owner.PostAsync("expressions/evaluate", Ask("line", "2")))
            .Fails(HttpStatusCode.NotFound, "STEP_NOT_FOUND");
        (await owner.PostAsync("expressions/evaluate", Ask("line", "x")))
            .Fails(HttpStatusCode.NotFound, "STEP_NOT_FOUND");
        (await owner.PostAsync("expressions/evaluate", Ask("line", "1", 9)))
            .Fails(HttpStatusCode.NotFound, "STEP_NOT_FOUND");
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync(Samples.Name("e").Replace(' ',
            '-'))).ApiKey);
        (await stranger.PostAsync("expressions/evaluate", Ask("price")))
            .Fails(HttpStatusCode.NotFound, "EXECUTION_NOT_FOUND");
        using var reader = api.Host.Client((await owner.CreateKeyAsync("workflows.read")).Key);
        (await reader.PostAsync("expressions/evaluate", Ask("price"))).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task The_list_of_functions_is_that_of_the_language()
    {
        using var owner = api.Host.Owner();

        var functions = (await owner.GetAsync("expressions/functions")).Ok().Data.EnumerateArray().ToList();

        Assert.Equal(
            JsonataFunctions.All.Select(function => '$' + function.Name),
            functions.Select(function => function.GetProperty("name").GetString()));
        foreach (var function in functions)
        {
            var name = function.GetProperty("name").GetString()!;
            Assert.StartsWith($"{name}(", function.GetProperty("signature").GetString(), StringComparison.Ordinal);
            Assert.True(function.GetProperty("summary").GetString()!.Length > 3, name);
            // The evaluator knows each: a reference to it is no unknown variable.
            var known = (await owner.PostAsync("expressions/evaluate", new { expression = $"$type({name})" })).Ok();
            Assert.Equal("\"function\"", known.Data.GetProperty("value").GetRawText());
        }
    }

    private async Task<Guid> RunAsync(ApiClient owner)
    {
        var workflow = await owner.CreatePublishedAsync(Loops);
        var started = (await owner.PostAsync(
            $"workflows/{workflow}/execute", """{"input": {"items": [{"n": 1}, {"n": 2}]}}"""))
            .Ok(HttpStatusCode.Accepted);
        (string Node, string Iteration, string Output)[] steps =
        [
            ("price", "", "7"), ("line", "0", "7"), ("after", "0", "7"), ("line", "1", "14"), ("after", "1", "14"),
            ("each", "", "{}"), ("add", "0", "1"), ("add", "1", "2"), ("add", "2", "4"), ("again", "", "{}"),
        ];
        for (var index = 0; index < steps.Length; index++)
        {
            var (node, iteration, output) = steps[index];
            await api.Host.ExecuteAsync(
                """
                insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, run, sequence,
                    node_type,
                  status, port, output, started_at, finished_at)
                values ($1, $2, $3, $4, 1, 1, $5, 'set', 'completed', 'main', $6::jsonb, now(), now())
                """, api.Host.First.TenantId, started.Id, node, iteration, index + 1, output);
        }

        return started.Id;
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

/// <summary>Steps by pages, one by one, and what they answered by parts.</summary>
public sealed class StepTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly object Loop = new
    {
        schema = 1,
        nodes = new object[]
        {
            new
            {
                id = "loop", type = "forEach", parameters = new { items = "{{ input.items }}" },
                body = new
                {
                    nodes = new object[] { new { id = "first", type = "noop" }, new { id = "second", type = "noop" } },
                    edges = new object[] { new { from = "first", port = "main", to = "second" } },
                },
            },
        },
        edges = Array.Empty<object>(),
    };

    [Fact]
    public async Task An_execution_can_be_had_without_its_steps_and_still_says_what_comes_next()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, Chain());
        await RecordAsync(id, "a", "", 1);

        var bare = (await owner.GetAsync($"executions/{id}?steps=none")).Ok().Data;
        var whole = (await owner.GetAsync($"executions/{id}")).Ok().Data;

        Assert.Equal(JsonValueKind.Null, bare.GetProperty("steps").ValueKind);
        Assert.False(bare.GetProperty("stepsTruncated").GetBoolean());
        Assert.Equal(1, whole.GetProperty("steps").GetArrayLength());
        Assert.Equal("b", Assert.Single(bare.GetProperty("next").GetProperty("nodes").EnumerateArray()).GetString());
        Assert.Equal($"{bare.GetProperty("next")}", $"{whole.GetProperty("next")}");
        (await owner.GetAsync($"executions/{id}?steps=few")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Steps_beyond_a_thousand_come_page_by_page_each_once_and_in_order()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, Loop);
        await RecordManyAsync(id, 1_150);

        var seen = new List<int>();
        string? cursor = null;
        do
        {
            var page = (await owner.GetAsync(
                $"executions/{id}/steps?per_page=100{(cursor is null ? "" : $"&cursor={cursor}")}")).Ok();
            seen.AddRange(page.Data.EnumerateArray().Select(step => step.GetProperty("sequence").GetInt32()));
            cursor = page.Pagination.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(1, 1_150), seen);
        Assert.Equal(1_150, (await owner.GetAsync($"executions/{id}/steps?include_total=true")).Ok()
            .Pagination.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task A_listed_step_has_sizes_and_a_duration_and_no_payload()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, Loop);
        await RecordAsync(id, "first", "0", 1, output: """{"text": "größe"}""");
        await RecordAsync(id, "second", "0", 2, status: "failed", error: """{"code": "E"}""");
        await RecordAsync(id, "second", "1", 3);

        var steps = (await owner.GetAsync($"executions/{id}/steps")).Ok().Data;

        var first = steps[0];
        Assert.Equal(
            Encoding.UTF8.GetByteCount("""{"text": "größe"}"""), first.GetProperty("outputBytes").GetInt32());
        Assert.Equal(JsonValueKind.Null, first.GetProperty("errorBytes").ValueKind);
        Assert.Equal(1_500, first.GetProperty("durationMs").GetDouble());
        Assert.DoesNotContain("größe", steps.ToString(), StringComparison.Ordinal);
        Assert.Equal(13, steps[1].GetProperty("errorBytes").GetInt32());
        Assert.Equal([2, 3], await SequencesAsync(owner, id, "node=second"));
        Assert.Equal([1, 2], await SequencesAsync(owner, id, "iteration=0"));
        Assert.Equal([2], await SequencesAsync(owner, id, "status=failed"));
        Assert.Equal([3], await SequencesAsync(owner, id, "node=second&status=completed"));
        Assert.Empty(await SequencesAsync(owner, id, "iteration="));
    }

    [Fact]
    public async Task One_step_comes_with_its_payload_and_what_it_ran_on_the_last_attempt_unless_another_is_asked_for()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, Loop);
        await RecordAsync(id, "first", "7", 1);
        await RecordAsync(id, "second", "7", 2, status: "failed", error: """{"code": "E"}""");
        await RecordAsync(id, "second", "7", 3, attempt: 2, output: """{"n": 2}""");

        var last = (await owner.GetAsync($"executions/{id}/steps/one?node=second&iteration=7")).Ok().Data;
        var first = (await owner.GetAsync($"executions/{id}/steps/one?node=second&iteration=7&attempt=1")).Ok().Data;

        Assert.Equal((2, 2), (last.GetProperty("attempt").GetInt32(), last.GetProperty("output").GetProperty("n")
            .GetInt32()));
        Assert.Equal("first", Assert.Single(last.GetProperty("reads").EnumerateArray()).GetString());
        Assert.Equal("E", first.GetProperty("error").GetProperty("code").GetString());
        (await owner.GetAsync($"executions/{id}/steps/one?node=second"))
            .Fails(HttpStatusCode.NotFound, "STEP_NOT_FOUND");
        (await owner.GetAsync($"executions/{id}/steps/one?node=second&iteration=7&attempt=3"))
            .Fails(HttpStatusCode.NotFound, "STEP_NOT_FOUND");
        (await owner.GetAsync($"executions/{id}/steps/one")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task A_megabyte_is_read_by_parts_that_fit_together_and_never_cut_a_character()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, Loop);
        var json = JsonSerializer.Serialize(
            new { list = new[] { "x", string.Concat(Enumerable.Repeat("aä€😀", 100_000)) } });
        await RecordAsync(id, "first", "0", 1, output: json);
        var expected = await api.Host.ScalarAsync<string>(
            "select output::text from step_executions where execution_id = $1", id);

        var (text, parts) = (new StringBuilder(), 0);
        int? offset = 0;
        while (offset is not null)
        {
            var part = (await owner.GetAsync(
                $"executions/{id}/output?node=first&iteration=0&offset={offset}&limit=262144")).Ok().Data;
            text.Append(part.GetProperty("text").GetString());
            Assert.Equal(Encoding.UTF8.GetByteCount(expected), part.GetProperty("totalBytes").GetInt32());
            offset = part.GetProperty("nextOffset").ValueKind == JsonValueKind.Null ? null
                : part.GetProperty("nextOffset").GetInt32();
            parts++;
        }

        Assert.Equal(expected, text.ToString());
        Assert.Equal(4, parts);
        var within = (await owner.GetAsync($"executions/{id}/output?node=first&iteration=0&pointer=/list/1&limit=16"))
            .Ok().Data;
        Assert.Equal("\"aä€😀aä", within.GetProperty("text").GetString());
        Assert.Equal(("string", 14, 14), (
            within.GetProperty("type").GetString(), within.GetProperty("bytes")
                .GetInt32(), within.GetProperty("nextOffset").GetInt32()));
        (await owner.GetAsync($"executions/{id}/output?node=first&iteration=0&pointer=/list/1&offset=3"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Theory]
    [InlineData("", "object", """{"a~b": {"c/d": 1}, "-1": true, "list": [10, [null]]}""")]
    [InlineData("/a~0b/c~1d", "number", "1")]
    [InlineData("/-1", "boolean", "true")]
    [InlineData("/list/1/0", "null", "null")]
    [InlineData("/list/-1", null, null)]
    [InlineData("/list/00", null, null)]
    [InlineData("/list/2", null, null)]
    [InlineData("/nothing", null, null)]
    [InlineData("/list/0/0", null, null)]
    public async Task A_pointer_leads_to_a_value_as_the_standard_says(string path, string? type, string? text)
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, Chain());
        await api.Host.ExecuteAsync(
            """update executions set output = '{"a~b": {"c/d": 1}, "-1": true, "list": [10, [null]]}' where id = $1""",
                id);
        var stored = await api.Host.ScalarAsync<string>("select output::text from executions where id = $1", id);

        var answer = await owner.GetAsync($"executions/{id}/output?pointer={Uri.EscapeDataString(path)}");

        if (type is null)
        {
            answer.Fails(HttpStatusCode.NotFound, "VALUE_NOT_FOUND");
            return;
        }

        Assert.Equal(type, answer.Ok().Data.GetProperty("type").GetString());
        Assert.Equal(path.Length == 0 ? stored : text, answer.Data.GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("steps?node=")]
    [InlineData("steps?iteration=x")]
    [InlineData("steps?iteration=1//2")]
    [InlineData("steps?status=running")]
    [InlineData("steps?per_page=101")]
    [InlineData("output?pointer=a")]
    [InlineData("output?pointer=/a~2")]
    [InlineData("output?limit=15")]
    [InlineData("output?limit=262145")]
    [InlineData("output?offset=-1")]
    [InlineData("output?of=trigger")]
    [InlineData("output?of=input&node=a")]
    [InlineData("output?iteration=0")]
    [InlineData("output?attempt=1")]
    [InlineData("nodes/a/failed?after=x")]
    public async Task What_cannot_be_used_is_refused_by_name(string path)
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, Chain());

        (await owner.GetAsync($"executions/{id}/{path}")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task What_has_no_value_says_so()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, Chain());

        (await owner.GetAsync($"executions/{id}/output")).Fails(HttpStatusCode.NotFound, "VALUE_NOT_FOUND");
        (await owner.GetAsync($"executions/{id}/output?node=a")).Fails(HttpStatusCode.NotFound, "STEP_NOT_FOUND");
        Assert.Equal("{}", (await owner.GetAsync($"executions/{id}/output?of=input")).Ok().Data.GetProperty("text")
            .GetString());
        foreach (var path in new[] { "steps", "steps/one?node=a", "output", "nodes", "nodes/a/failed", "definition" })
        {
            (await owner.GetAsync($"executions/{Guid.CreateVersion7()}/{path}"))
                .Fails(HttpStatusCode.NotFound, "EXECUTION_NOT_FOUND");
        }
    }

    private static object Chain() => new
    {
        schema = 1,
        nodes = new object[] { new { id = "a", type = "noop" }, new { id = "b", type = "noop" } },
        edges = new object[] { new { from = "a", port = "main", to = "b" } },
    };

    private static async Task<Guid> StartAsync(ApiClient owner, object definition) =>
        (await owner.PostAsync($"workflows/{await owner.CreatePublishedAsync(definition)}/execute"))
            .Ok(HttpStatusCode.Accepted).Id;

    private static async Task<List<int>> SequencesAsync(ApiClient owner, Guid id, string filter) =>
        [.. (await owner.GetAsync($"executions/{id}/steps?{filter}")).Ok().Data.EnumerateArray()
            .Select(step => step.GetProperty("sequence").GetInt32())];

    private Task RecordAsync(
        Guid id, string node, string iteration, int sequence, int attempt = 1, string status =
            "completed", string? output = "{}",
        string? error = null) => api.Host.ExecuteAsync(
        """
        insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, sequence, node_type, status,
          port,
          output, error, started_at, finished_at)
        select tenant_id, id, $2, $3, $4, $5, 'noop', $6, case $6 when 'completed' then 'main' end, $7::jsonb,
          nullif($8, '')::jsonb,
          now(), now() + interval '1500 ms'
        from executions where id = $1
        """, id, node, iteration, attempt, sequence, status, output ?? "{}", error ?? "");

    private Task RecordManyAsync(Guid id, int count) => api.Host.ExecuteAsync(
        """
        insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, sequence, node_type, status,
          port,
          output, started_at, finished_at)
        select tenant_id, id, 'first', (n - 1)::text, 1, n, 'noop', 'completed', 'main', '{}', now(), now()
        from executions, generate_series(1, $2) n where id = $1
        """, id, count);
}

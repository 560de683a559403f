using System.Text;
using System.Text.Json.Nodes;
using Workflows.Data.Sessions;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Dialogues of people with executions: each reply awaits the next message, whatever happens to the processes in between.</summary>
public sealed class SessionTests(PostgresServer server, RedisServer redis) : IAsyncLifetime
{
    private const string Menu =
        """
        {"id": "menu", "type": "sessionReply", "parameters": {"message": "1 Balance 2 Bye"}},
        {"id": "which", "type": "if", "parameters": {"condition": "steps.menu.output.input = '1'"}},
        {"id": "balance", "type": "sessionReply", "parameters": {"message": "{{ input.msisdn }} has 5. Again?"}},
        {"id": "bye", "type": "sessionReply", "parameters": {"message": "Bye after {{ steps.menu.output.text }}", "continue": false}},
        {"id": "end", "type": "sessionReply", "parameters": {"message": "You said {{ steps.balance.output.input }}", "continue": false}}
        """;

    private const string Edges = "menu>which, which.true>balance, which.false>bye, balance>end";

    private WorkerBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bed = await WorkerBed.CreateAsync(server, redis);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task A_dialogue_goes_on_where_it_was_when_the_worker_is_killed_and_redis_loses_the_session()
    {
        var workflow = await _bed.PublishAsync(Menu, Edges);
        var first = await _bed.StartWorkerAsync();
        var execution = await _bed.StartSessionAsync(workflow, "s1");
        Assert.Equal(("1 Balance 2 Bye", true), await ReplyAsync(execution));

        await first.KillAsync();
        await _bed.Sessions.EndAsync(_bed.TenantId, "s1"); // what Redis knew of it
        Assert.True(await AnswerAsync(execution, "s1", "1"));
        await _bed.StartWorkerAsync();

        Assert.Equal(("+254700000001 has 5. Again?", true), await ReplyAsync(execution));
        Assert.True(await AnswerAsync(execution, "s1", "no"));
        Assert.Equal(("You said no", false), await ReplyAsync(execution));
        Assert.Equal("completed", (await _bed.EndOfAsync(execution)).Status);
        Assert.True((await _bed.Dialogues.FindAsync(_bed.TenantId, "s1", Token))!.IsOver);
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_message_that_comes_twice_at_once_is_taken_once()
    {
        await _bed.StartWorkerAsync();
        var execution = await _bed.StartSessionAsync(await _bed.PublishAsync(Menu, Edges), "s2");
        await ReplyAsync(execution);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AnswerAsync(execution, "s2", "2")));

        Assert.Single(taken, true);
        Assert.Equal(("Bye after 2", false), await ReplyAsync(execution));
    }

    [Fact]
    public async Task A_message_of_another_session_or_another_tenant_answers_nothing()
    {
        await _bed.StartWorkerAsync();
        var execution = await _bed.StartSessionAsync(await _bed.PublishAsync(Menu, Edges), "s3");
        await ReplyAsync(execution);
        var other = await _bed.AddTenantAsync();

        Assert.False(await AnswerAsync(execution, "s4", "1"));
        Assert.False(await _bed.Dialogues.AnswerAsync(other, execution, "s3", "{}"u8.ToArray(), "", Token));
        Assert.Null(await _bed.Dialogues.FindAsync(other, "s3", Token));
        Assert.Null(await _bed.Dialogues.FindStateAsync(other, execution, Token));
    }

    [Fact]
    public async Task Silence_leaves_by_the_timeout()
    {
        await _bed.StartWorkerAsync();
        var workflow = await _bed.PublishAsync(
            """{"id": "ask", "type": "sessionReply", "parameters": {"message": "?", "timeoutSeconds": 1}}, {"id": "gone", "type": "set", "parameters": {"value": "gone"}}""",
            "ask.timeout>gone");

        Assert.Equal(("completed", "\"gone\""), await _bed.EndOfAsync(await _bed.StartSessionAsync(workflow, "s5")));
    }

    [Fact]
    public async Task Nodes_read_write_and_end_the_session_and_its_life_begins_anew_with_each_use()
    {
        await _bed.Sessions.WriteAsync(_bed.TenantId, "s6", "ussd", "254", default);
        await _bed.StartWorkerAsync();
        var workflow = await _bed.PublishAsync(
            """
            {"id": "write", "type": "sessionWrite", "parameters": {"data": {"step": "amount", "amount": "{{ 5 + 1 }}"}}},
            {"id": "drop", "type": "sessionWrite", "parameters": {"data": {"step": null}}},
            {"id": "read", "type": "sessionRead"},
            {"id": "end", "type": "sessionEnd"},
            {"id": "gone", "type": "sessionRead"}
            """,
            "write>drop, drop>read, read>end, end>gone",
            """, "output": {"was": "{{ steps.read.output }}", "is": "{{ steps.gone.output }}"}""");

        var (status, output) = await _bed.EndOfAsync(await _bed.StartSessionAsync(workflow, "s6"));

        Assert.Equal("completed", status);
        Assert.Equal("""{"is":null,"was":{"id":"s6","data":{"amount":6},"type":"ussd","msisdn":"254"}}""", JsonNode.Parse(output)!.ToJsonString());
    }

    [Fact]
    public async Task Sessions_of_tenants_are_apart()
    {
        await _bed.Sessions.WriteAsync(_bed.TenantId, "same", "ussd", "+1", default);

        Assert.Null(await _bed.Sessions.ReadAsync(Guid.CreateVersion7(), "same"));
        Assert.False(await _bed.Sessions.EndAsync(Guid.CreateVersion7(), "same"));
        Assert.NotNull(await _bed.Sessions.ReadAsync(_bed.TenantId, "same"));
    }

    private Task<bool> AnswerAsync(Guid execution, string session, string text) => _bed.Dialogues.AnswerAsync(
        _bed.TenantId, execution, session, Encoding.UTF8.GetBytes($$"""{"text": "{{text}}", "input": "{{text}}"}"""), "nobody", Token);

    private async Task<(string Message, bool Continues)> ReplyAsync(Guid execution)
    {
        DialogueState? state = null;
        await Eventually.TrueAsync(
            async () => (state = await _bed.Dialogues.FindStateAsync(_bed.TenantId, execution, Token))!.Reply is not null, null, Token, "a reply");
        var reply = JsonNode.Parse(state!.Reply!)!;
        return (reply["message"]!.GetValue<string>(), reply["continue"]!.GetValue<bool>());
    }
}

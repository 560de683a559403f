using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>One-time addresses, and what notify hands to its runner.</summary>
public sealed class CallbackTests
{
    private const string Wait = """{"id": "back", "type": "waitForWebhook", "parameters": {"timeoutSeconds": 30}}""";
    private static readonly CallbackTokens Tokens = new("a secret of the platform, of some length");

    [Fact]
    public void The_address_is_the_same_for_every_node_that_reads_it_and_names_the_wait()
    {
        var driver = Start($"{Flow.Set("tell", "\"{{ callbacks.back }}\"")}, {Flow.Set("again", "\"{{ callbacks.back }}\"")}, {Wait}", "tell>back, back>again");
        driver.Crash();
        driver.Resolve("back", WaitOutcome.Answered, """{"body":1}""");

        var url = JsonElement.Parse(driver.OutputOf("tell")).GetString()!;
        Assert.Equal(driver.OutputOf("tell"), driver.OutputOf("again"));
        Assert.StartsWith("https://flows.example/base/api/v1/callbacks/", url, StringComparison.Ordinal);
        Assert.True(Tokens.TryRead(url[(url.LastIndexOf('/') + 1)..], out var target));
        Assert.Equal(new CallbackTarget(driver.Facts.TenantId, driver.Facts.ExecutionId, "back", "", "POST"), target);
        Assert.Equal("""{"body":1}""", driver.OutputOf("back"));
    }

    [Fact]
    public void A_token_that_was_changed_or_made_elsewhere_is_refused()
    {
        var target = new CallbackTarget(Guid.Empty, Guid.Empty, "n", "1.2", null);
        var token = Tokens.Create(target);
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(token);

        Assert.True(Tokens.TryRead(token, out var read));
        Assert.Equal(target, read);
        for (var index = 0; index < bytes.Length; index++)
        {
            bytes[index] ^= 1;
            Assert.False(Tokens.TryRead(System.Buffers.Text.Base64Url.EncodeToString(bytes), out _), $"byte {index}");
            bytes[index] ^= 1;
        }

        Assert.False(Tokens.TryRead(new CallbackTokens("another secret of the platform, also long").Create(target), out _));
        Assert.All(["", "x", "!", new string('A', 5_000)], text => Assert.False(Tokens.TryRead(text, out _)));
    }

    [Fact]
    public void Tokens_made_with_a_former_secret_are_known_and_none_is_made_with_it()
    {
        const string Former = "the secret of the platform before this one";
        var target = new CallbackTarget(Guid.Empty, Guid.Empty, "n", "", null);
        var now = new CallbackTokens("the secret of the platform from now on", Former);

        Assert.True(now.TryRead(new CallbackTokens(Former).Create(target), out var read));
        Assert.Equal(target, read);
        Assert.False(new CallbackTokens(Former).TryRead(now.Create(target), out _));
        Assert.False(now.TryRead(new CallbackTokens("a secret that was never the platform's").Create(target), out _));
    }

    [Fact]
    public void An_address_whose_node_asks_for_a_signature_says_so_and_cannot_be_talked_out_of_it()
    {
        var driver = Start(
            $$"""{{Flow.Set("tell", "\"{{ callbacks.back }}\"")}}, {"id": "back", "type": "waitForWebhook", "parameters": {"signature": "stripe", "secret": "BANK"} }""", "tell>back");
        var url = JsonElement.Parse(driver.OutputOf("tell")).GetString()!;

        Assert.True(Tokens.TryRead(url[(url.LastIndexOf('/') + 1)..], out var target));
        Assert.Equal(new CallbackTarget(driver.Facts.TenantId, driver.Facts.ExecutionId, "back", "", "POST", IsSigned: true), target);
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(Tokens.Create(target));
        bytes[0] &= 0x7F;
        Assert.False(Tokens.TryRead(System.Buffers.Text.Base64Url.EncodeToString(bytes), out _));
        Assert.NotEqual(Tokens.Create(target), Tokens.Create(target with { IsSigned = false }));
    }

    [Fact]
    public void A_call_that_does_not_come_leaves_by_timeout_or_fails()
    {
        var wired = Start($"{Wait}, {Flow.Noop("late")}", "back.timeout>late");
        var unwired = Start(Wait);
        wired.Resolve("back", WaitOutcome.Timeout);
        unwired.Resolve("back", WaitOutcome.Timeout);

        Assert.Equal("back:timeout late:main", wired.Story);
        Assert.Equal(StepErrorCodes.WaitTimedOut, unwired.Error!.Code);
    }

    [Fact]
    public void Without_a_public_address_there_is_no_callback_to_wait_for() =>
        Assert.Equal(StepErrorCodes.CallbackUnavailable, ExecutionDriver.Start(Wait).Error!.Code);

    [Fact]
    public void An_address_of_a_node_that_waits_for_no_call_is_a_problem() =>
        Assert.Equal(
            DefinitionProblemCodes.ExpressionNameUnknown,
            Assert.Single(Flow.Problems(Flow.Json($"{Flow.Set("s", "\"{{ callbacks.s }}\"")}, {Wait}", "s>back"))).Code);

    [Fact]
    public void Each_round_of_a_loop_has_an_address_of_its_own_that_only_the_body_reads()
    {
        var body = $"{Flow.Set("tell", "\"{{ callbacks.back }}\"")}, {Wait}";
        var driver = Start(Flow.ForEach("each", "[1, 2]", body, "tell>back"));

        var targets = driver.Steps.Where(step => step.NodeId == "tell").Select(step =>
        {
            var url = JsonElement.Parse(step.Output.Span).GetString()!;
            Assert.True(Tokens.TryRead(url[(url.LastIndexOf('/') + 1)..], out var target));
            return (target.NodeId, target.Iteration);
        });
        Assert.Equal([("back", "0"), ("back", "1")], targets.Order());
        Assert.Contains(
            Flow.Problems(Flow.Json($"{Flow.ForEach("each", "[1, 2]", body, "tell>back")}, {Flow.Set("out", "\"{{ callbacks.back }}\"")}", "each>out")),
            problem => problem.Code == DefinitionProblemCodes.ExpressionNameUnknown);
    }

    [Fact]
    public void Notify_hands_people_and_text_to_its_runner()
    {
        var driver = ExecutionDriver.Start(
            """{"id": "n", "type": "notify", "parameters": {"roles": ["admin"], "title": "Late: {{ input.id }}", "link": "/orders/7", "level": "warning"}}""",
            input: """{"id": 7}""");

        Assert.Equal(
            """{"users":[],"groups":[],"roles":["admin"],"title":"Late: 7","body":null,"link":"/orders/7","level":"warning"}""",
            Encoding.UTF8.GetString(driver.Run("n").Parameters.Span));
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("//elsewhere.example")]
    [InlineData("/\\\\elsewhere.example")]
    [InlineData("file:///etc/passwd")]
    public void A_link_that_a_browser_would_run_or_misread_is_refused(string link) =>
        Assert.Equal(
            StepErrorCodes.ParameterInvalid,
            ExecutionDriver.Start($$$"""{"id": "n", "type": "notify", "parameters": {"users": "u", "title": "T", "link": "{{{link}}}"}}""").Error!.Code);

    private static ExecutionDriver Start(string nodes, string edges = "") => new ExecutionDriver(
        Flow.Compile(nodes, edges),
        change: facts => facts with { Callbacks = new CallbackAddresses(new Uri("https://flows.example/base/"), Tokens) }).Start();
}

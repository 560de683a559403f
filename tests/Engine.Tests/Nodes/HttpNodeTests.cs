using System.Text;
using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>What an http node renders for its runner in the worker.</summary>
public sealed class HttpNodeTests
{
    private const string Order = """{"id": "o-1", "amount": 120.50, "tags": ["a", "b"], "customer": {"name": "Ada"}, "note": null}""";

    [Fact]
    public void Http_renders_the_call_its_runner_reads()
    {
        var driver = ExecutionDriver.Start(
            """
            {"id": "h", "type": "http", "timeoutSeconds": 9, "parameters": {
              "method": "post", "url": "https://api.example.com/orders/{{ input.id }}?a=1#top", "query": {"q": "{{ input.customer.name }} & co", "n": 5, "none": "{{ input.nothing }}"},
              "headers": {"X-Name": "{{ input.customer.name }}", "X-Amount": "{{ input.amount }}"}, "body": {"amount": "{{ input.amount }}"},
              "successStatus": "200-299, 404", "response": "text", "maxResponseBytes": 1000, "followRedirects": false}}
            """,
            input: Order);

        var run = driver.Run("h");
        var call = HttpCall.Read(run.Parameters);
        Assert.False(NodeEvaluator.CanRun(driver.State, run));
        Assert.Equal(9, run.TimeoutSeconds);
        Assert.Equal("01890000000070008000000000000001.h", run.IdempotencyKey);
        Assert.Equal(("POST", "https://api.example.com/orders/o-1?a=1&q=Ada%20%26%20co&n=5"), (call.Method, call.Url));
        Assert.Equal([new("X-Name", "Ada"), new("X-Amount", "120.50")], call.Headers);
        AssertJson("""{"amount": 120.50}""", Encoding.UTF8.GetString(call.Body.Span));
        Assert.True(call.SuccessStatus.Contains(404) && !call.SuccessStatus.Contains(300));
        Assert.True(call.RetryStatus.Contains(503) && !call.RetryStatus.Contains(404));
        Assert.Equal((HttpResponseHandling.Text, 1000, false), (call.Response, call.MaxResponseBytes, call.FollowRedirects));
    }

    [Fact]
    public void A_list_in_the_query_repeats_its_name()
    {
        var driver = ExecutionDriver.Start(
            """
            {"id": "h", "type": "http", "parameters": {
              "url": "http://x/", "query": {"tag": "{{ input.tags }}", "n": [1, true, null], "none": []}}}
            """,
            input: Order);

        Assert.Equal("http://x/?tag=a&tag=b&n=1&n=true", HttpCall.Read(driver.Run("h").Parameters).Url);
    }

    [Fact]
    public void What_an_answer_says_beside_its_error_is_there_at_the_error_port()
    {
        var driver = ExecutionDriver.Start(
            """
            {"id": "h", "type": "http", "parameters": {"url": "http://x/"}},
            {"id": "s", "type": "set", "parameters": {"value": "{{ steps.h.output.body.reason }}"}}
            """,
            "h.error>s");
        var run = driver.Run("h");
        driver.Runs.Remove(run);
        var error = new StepError("HTTP_409", "Taken.")
        {
            Details = """{"status":409,"body":{"reason":"taken"}}"""u8.ToArray(),
        };

        driver.Apply(new StepFailed(run.Ordinal, "", 1, error, driver.Now, driver.Now));

        AssertJson(
            """
            {"code": "HTTP_409", "message": "Taken.", "kind": "permanent", "status": 409, "body": {"reason": "taken"}}
            """,
            driver.OutputOf("h"));
        Assert.Equal("\"taken\"", driver.OutputOf("s"));
    }

    [Fact]
    public void Http_has_defaults()
    {
        var driver = ExecutionDriver.Start("""{"id": "h", "type": "http", "parameters": {"url": "http://example.com"}}""");

        var call = HttpCall.Read(driver.Run("h").Parameters);
        Assert.Equal(("GET", "http://example.com", 30d), (call.Method, call.Url, driver.Run("h").TimeoutSeconds!.Value));
        Assert.Empty(call.Headers);
        Assert.True(call.Body.IsEmpty);
        Assert.Equal((HttpResponseHandling.Auto, true), (call.Response, call.FollowRedirects));
    }

    [Theory]
    [InlineData("\"url\": \"{{ input.nothing }}\"")]
    [InlineData("\"url\": \"{{ input.amount }}\"")]
    [InlineData("\"url\": \"ftp://example.com\"")]
    [InlineData("\"url\": \"/relative\"")]
    [InlineData("\"url\": \"http://x\", \"headers\": \"{{ input.tags }}\"")]
    [InlineData("\"url\": \"http://x\", \"headers\": {\"X\": \"{{ input.customer }}\"}")]
    [InlineData("\"url\": \"http://x\", \"query\": {\"x\": [[1]]}")]
    public void Http_of_a_call_that_cannot_be_made_is_an_error(string parameters)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "h", "type": "http", "parameters": {{{{parameters}}}}}""", input: Order);

        Assert.Equal(StepErrorCodes.ParameterInvalid, driver.Error!.Code);
        Assert.Empty(driver.Runs);
    }

    [Fact]
    public void Http_with_too_large_a_body_is_an_error()
    {
        var driver = ExecutionDriver.Start(
            """{"id": "h", "type": "http", "parameters": {"url": "http://x", "body": "{{ [1..150000] }}"}}""");
        Assert.NotNull(driver.Run("h"));

        var larger = ExecutionDriver.Start(
            """{"id": "h", "type": "http", "parameters": {"url": "http://x", "body": "{{ [1..190000] }}"}}""");
        Assert.Equal(StepErrorCodes.ParametersTooLarge, larger.Error!.Code);
    }

    [Theory]
    [InlineData("200", 200, true)]
    [InlineData("200", 201, false)]
    [InlineData("200-299,404", 404, true)]
    [InlineData("100-599", 599, true)]
    public void A_set_of_statuses_holds_numbers_and_ranges(string text, int status, bool contains)
    {
        Assert.True(StatusSet.TryParse(text, out var set));
        Assert.Equal(contains, set.Contains(status));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2xxx")]
    [InlineData("6xx")]
    [InlineData("xx")]
    [InlineData("200-")]
    [InlineData("99")]
    [InlineData("600")]
    [InlineData("300-200")]
    [InlineData("200,,201")]
    public void What_is_no_set_of_statuses_is_refused(string text) => Assert.False(StatusSet.TryParse(text, out _));

    private static void AssertJson(string expected, string actual) => Assert.True(
        JsonElement.DeepEquals(JsonElement.Parse(expected), JsonElement.Parse(actual)), $"Expected {expected} but was {actual}.");
}

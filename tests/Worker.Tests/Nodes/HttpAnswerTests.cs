using System.Net;
using System.Text.Json.Nodes;
using Workflows.Connectors.Network;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Worker.Nodes;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>What an http node makes of answers, however they are encoded.</summary>
public sealed class HttpAnswerTests
{
    private static readonly DateTimeOffset Now = new(2026, 10, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("text/plain; charset=windows-1252", "63 61 66 E9 20 80", "\"café €\"")]
    [InlineData("text/plain; charset=\"ISO-8859-1\"", "63 61 66 E9", "\"café\"")]
    [InlineData("text/plain", "EF BB BF 61", "\"a\"")]
    [InlineData("text/html", "C3 A4", "\"ä\"")]
    [InlineData("application/json; charset=iso-8859-1", "7B 22 61 22 3A 22 E9 22 7D", """{"a":"é"}""")]
    [InlineData("application/json; charset=ISO-8859-15", "22 A4 22", "\"€\"")]
    [InlineData("application/json", "EF BB BF 7B 7D", "{}")]
    [InlineData("application/json; charset=utf-16", "FF FE 31 00", "1")]
    [InlineData("application/json", "31 00 32 00", "12")]
    [InlineData("application/problem+json", "7B 7D", "{}")]
    [InlineData("application/x-ndjson", "7B 7D 0A 7B 7D", "\"{}\\n{}\"")]
    [InlineData("image/png", "89 50 4E 47", "\"iVBORw==\"")]
    [InlineData("image/gif", "61 62", "\"YWI=\"")]
    [InlineData("image/svg+xml", "3C 2F 3E", "\"</>\"")]
    [InlineData("application/octet-stream", "FF 00", "\"/wA=\"")]
    [InlineData("text/plain; charset=utf-8", "E9", "\"6Q==\"")]
    [InlineData("text/plain; charset=no-such", "61", "\"YQ==\"")]
    [InlineData("text/plain", "61 00", "\"YQA=\"")]
    [InlineData("", "61", "\"a\"")]
    [InlineData("no type at all", "61", "\"a\"")]
    public void A_body_comes_out_as_it_was_said(string type, string bytes, string expected)
    {
        var output = Output(HttpResponseHandling.Auto, Response(200, type), bytes);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), output["body"]), output.ToJsonString());
    }

    [Theory]
    [InlineData("application/json", "7B 7D", "json")]
    [InlineData("text/plain", "61", "text")]
    [InlineData("image/png", "89", "base64")]
    [InlineData("text/plain", "E9", "base64")]
    [InlineData("text/plain", "", "none")]
    public void The_output_says_what_the_body_is(string type, string bytes, string expected) =>
        Assert.Equal(expected,
            Output(HttpResponseHandling.Auto, Response(200, type), bytes)["bodyEncoding"]!.GetValue<string>());

    [Fact]
    public void Any_body_can_be_had_in_Base64() =>
        Assert.Equal("e30=",
            Output(HttpResponseHandling.Base64, Response(200, "application/json"),
            "7B 7D")["body"]!.GetValue<string>());

    [Theory]
    [InlineData(HttpResponseHandling.Text, "image/png", "89 50")]
    [InlineData(HttpResponseHandling.Text, "text/plain", "61 00")]
    [InlineData(HttpResponseHandling.Text, "text/plain; charset=nonsense", "61")]
    [InlineData(HttpResponseHandling.Json, "application/json; charset=utf-8", "22 E9 22")]
    [InlineData(HttpResponseHandling.Json, "text/html", "3C")]
    public void What_the_body_is_not_is_an_error_and_nothing_is_replaced(HttpResponseHandling wanted, string type,
        string bytes)
    {
        var error = Assert.Throws<HttpCallException>(() => Output(wanted, Response(200, type), bytes)).Error;

        Assert.Equal(("HTTP_RESPONSE_INVALID", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.DoesNotContain("..", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_encoded_in_an_unknown_way_is_no_text()
    {
        var response = Response(200, "text/plain");
        response.Content.Headers.TryAddWithoutValidation("Content-Encoding", "zstd-new");

        Assert.Equal("YQ==", Output(HttpResponseHandling.Auto, response, "61")["body"]!.GetValue<string>());
        Assert.Throws<HttpCallException>(() => Output(HttpResponseHandling.Text, response, "61"));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, true)]
    [InlineData(100, true)]
    [InlineData(124, true)]
    [InlineData(125, false)]
    [InlineData(129, false)]
    [InlineData(5_000, false)]
    public void Json_is_kept_to_the_depth_of_all_json(int depth, bool isKept)
    {
        var json = Convert.ToHexString(
            [.. Enumerable.Repeat((byte)'[', depth), .. Enumerable.Repeat((byte)']', depth)]);

        if (isKept)
        {
            Output(HttpResponseHandling.Auto, Response(200, "application/json"), json);
        }
        else
        {
            var error = Assert.Throws<HttpCallException>(() =>
                Output(HttpResponseHandling.Auto, Response(200, "application/json"), json));
            Assert.Equal("HTTP_RESPONSE_INVALID", error.Error.Code);
        }
    }

    [Fact]
    public void Several_cookies_are_several()
    {
        var response = Response(200, "text/plain");
        response.Headers.TryAddWithoutValidation("Set-Cookie", ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]);
        response.Headers.TryAddWithoutValidation("Vary", ["Accept", "Origin"]);

        var headers = Output(HttpResponseHandling.Auto, response, "61")["headers"]!;

        Assert.Equal(
            ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"], headers["set-cookie"]!.AsArray().Select(cookie =>
                cookie!.GetValue<string>()));
        Assert.Equal("Accept, Origin", headers["vary"]!.GetValue<string>());
    }

    [Fact]
    public async Task An_error_keeps_the_answer()
    {
        var response = Response(422, "application/json");
        response.Headers.TryAddWithoutValidation("X-Request-Id", "r-1");

        var error = await ErrorAsync(response, """{"field":"email","reason":"taken"}"""u8.ToArray());

        Assert.Equal(("HTTP_422", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.Equal("""The target answered 422: {"field":"email","reason":"taken"}""", error.Message);
        var details = JsonNode.Parse(error.Details.Span)!;
        Assert.Equal(422, details["status"]!.GetValue<int>());
        Assert.Equal("r-1", details["headers"]!["x-request-id"]!.GetValue<string>());
        Assert.Equal("taken", details["body"]!["reason"]!.GetValue<string>());
        Assert.Null(details["bodyTruncated"]);
    }

    [Theory]
    [InlineData("application/json", "{broken", "\"{broken\"")]
    [InlineData("text/plain; charset=iso-8859-1", "caf\u00e9", "\"café\"")]
    [InlineData("application/json", "", "null")]
    public async Task An_errors_body_is_never_an_error_itself(string type, string latin, string expected)
    {
        var error = await ErrorAsync(Response(500, type), System.Text.Encoding.Latin1.GetBytes(latin));

        Assert.Equal("HTTP_500", error.Code);
        Assert.Equal(expected,
            JsonNode.Parse(error.Details.Span)!["body"]?.ToJsonString(
            new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) ?? "null");
    }

    [Fact]
    public async Task A_long_error_is_cut_at_a_character_and_leaves_no_beginning_of_a_secret()
    {
        var text = new string('x', Connectors.Limits.ErrorBodyBytes - 11) + "s3cret-valueäää";
        var shifted = "ää" + new string('y', Connectors.Limits.ErrorBodyBytes - 5) + "äää";

        var masked = JsonNode.Parse(
            (await ErrorAsync(Response(500, "text/plain"), System.Text.Encoding.UTF8.GetBytes(text))).Details.Span)!;
        var whole = JsonNode.Parse(
            (await ErrorAsync(Response(500, "text/plain"), System.Text.Encoding.UTF8.GetBytes(shifted))).Details.Span)!;

        Assert.True(masked["bodyTruncated"]!.GetValue<bool>());
        Assert.EndsWith("x", masked["body"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.EndsWith("y", whole["body"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7", 7d)]
    [InlineData("0", 0d)]
    [InlineData("604800", 604_800d)]
    [InlineData("2147483648", 604_800d)]
    [InlineData("99999999999", 604_800d)]
    [InlineData("99999999999999999999999999", 604_800d)]
    [InlineData("Thu, 01 Oct 2026 12:00:30 GMT", 30d)]
    [InlineData("Fri, 01 Oct 2027 12:00:00 GMT", 604_800d)]
    [InlineData("Wed, 01 Oct 2025 12:00:00 GMT", null)]
    [InlineData("-5", null)]
    [InlineData("+3", null)]
    [InlineData("1.5", null)]
    [InlineData("soon", null)]
    public async Task A_target_says_when_to_come_again_and_never_later_than_the_bound(string value, double? seconds)
    {
        var response = Response(503, "text/plain");
        response.Headers.TryAddWithoutValidation("Retry-After", value);

        Assert.Equal(seconds, (await ErrorAsync(response, [])).RetryAfter?.TotalSeconds);
    }

    private static JsonNode Output(HttpResponseHandling wanted, HttpResponseMessage response, string bytes) =>
        JsonNode.Parse(
        HttpAnswer.Output(wanted, response, Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal))),
        documentOptions: new() { MaxDepth = 200 })!;

    private static async Task<StepError> ErrorAsync(HttpResponseMessage response, byte[] bytes)
    {
        Assert.True(StatusSet.TryParse("200-299", out var success) & StatusSet.TryParse("500-599", out var retry));
        var call = new HttpCall("GET", "http://x/", [], default, success, retry, HttpResponseHandling.Auto, 1_000,
            true);
        using var stream = new MemoryStream(bytes);
        using var body = await ResponseBody.ReadAsync(
            stream, Connectors.Limits.ErrorBodyBytes, null, new ResponseBudget(1_000_000, 1_000_000), Guid.Empty,
                TestContext.Current.CancellationToken);
        return HttpAnswer.Error(call, response, body, SecretMask.Of(["s3cret-value"]), Now);
    }

    private static HttpResponseMessage Response(int status, string type)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent([]) };
        response.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        return response;
    }
}

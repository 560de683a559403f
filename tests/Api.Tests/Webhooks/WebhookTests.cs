using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Webhooks;

public sealed class WebhookTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Secret = "correct horse battery staple";

    [Fact]
    public async Task A_signed_call_starts_the_workflow_with_what_was_sent()
    {
        var path = await PublishAsync(new { auth = "hmac", secret = "HOOK", headers = new[] { "X-Shop" } });
        using var nobody = api.Host.Client();

        var answer = (await SendAsync(nobody, path + "?a=1", """{"order": 7}""", [.. Standard("""{"order": 7}"""), ("X-Shop", "s1"), ("X-Other", "hidden")]))
            .Ok(HttpStatusCode.Accepted);

        using var owner = api.Host.Owner();
        var execution = (await owner.GetAsync($"executions/{answer.Id}")).Ok().Data;
        var input = execution.GetProperty("input");
        Assert.Equal("webhook", execution.GetProperty("triggerType").GetString());
        Assert.Equal(
            ("POST", 7, "1", "s1"),
            (input.GetProperty("method").GetString(), input.GetProperty("body").GetProperty("order").GetInt32(), input.GetProperty("query").GetProperty("a").GetString(),
                input.GetProperty("headers").GetProperty("x-shop").GetString()));
        Assert.DoesNotContain("hidden", input.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("v1,", input.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_is_sent_again_starts_nothing_more_also_at_the_same_moment()
    {
        var path = await PublishAsync(new { auth = "hmac", secret = "HOOK" });
        using var nobody = api.Host.Client();
        var headers = Standard("{}");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SendAsync(nobody, path, "{}", headers)));

        var started = Assert.Single(answers, answer => answer.Status == HttpStatusCode.Accepted);
        Assert.All(answers.Where(answer => answer != started), answer => answer.Fails(HttpStatusCode.Conflict, "WEBHOOK_REPLAYED"));
        // The same delivery under a fresh signature is the same delivery.
        (await SendAsync(nobody, path, "{}", Standard("{}", id: headers[0].Value, at: TimeProvider.System.GetUtcNow().AddSeconds(5)))).Fails(HttpStatusCode.Conflict, "WEBHOOK_REPLAYED");
    }

    [Fact]
    public async Task A_call_that_is_not_signed_rightly_starts_nothing()
    {
        var path = await PublishAsync(new { auth = "hmac", secret = "HOOK", toleranceSeconds = 60 });
        var unknown = await PublishAsync(new { auth = "hmac", secret = "NOT_THERE" });
        using var nobody = api.Host.Client();
        var before = await CountAsync();
        var now = TimeProvider.System.GetUtcNow();
        var signed = Standard("{}");

        (string, (string, string)[])[] calls =
        [
            ("no headers", []),
            ("another body", Standard("[]")),
            ("another secret", Standard("{}", secret: "wrong")),
            ("too old", Standard("{}", at: now.AddSeconds(-90))),
            ("too young", Standard("{}", at: now.AddSeconds(90))),
            ("another id", [("webhook-id", "other"), signed[1], signed[2]]),
            ("another time", [signed[0], ("webhook-timestamp", now.AddSeconds(1).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)), signed[2]]),
            ("no time", [signed[0], signed[2]]),
            ("no signature", [signed[0], signed[1]]),
            ("garbage", [signed[0], signed[1], ("webhook-signature", "v1,???? v1")]),
            ("another version", [signed[0], signed[1], ("webhook-signature", signed[2].Value.Replace("v1,", "v2,", StringComparison.Ordinal))]),
        ];
        foreach (var (what, headers) in calls)
        {
            var answer = await SendAsync(nobody, path, "{}", headers);
            Assert.True(answer.ErrorCode == "WEBHOOK_SIGNATURE", $"{what}: {answer.Text}");
        }

        (await SendAsync(nobody, unknown, "{}", Standard("{}", secret: ""))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        Assert.Equal(before, await CountAsync());
        (await SendAsync(nobody, path, "{}", signed)).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task The_headers_of_others_are_understood()
    {
        using var nobody = api.Host.Client();
        var github = await PublishAsync(new { auth = "hmac", secret = "HOOK", scheme = "github" });
        var stripe = await PublishAsync(new { auth = "hmac", secret = "HOOK", scheme = "stripe" });
        var time = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

        (string, string)[] hub = [("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(Hmac("{}"))}")];
        (await SendAsync(nobody, github, "{}", hub)).Ok(HttpStatusCode.Accepted);
        (await SendAsync(nobody, github, "{}", hub)).Fails(HttpStatusCode.Conflict, "WEBHOOK_REPLAYED");
        (await SendAsync(nobody, stripe, "{}", [("Stripe-Signature", $"t={time},v1={new string('0', 64)},v1={Convert.ToHexStringLower(Hmac($"{time}.{{}}"))}")])).Ok(HttpStatusCode.Accepted);
        (await SendAsync(nobody, stripe, "{}", [("Stripe-Signature", $"t={time - 301},v1={Convert.ToHexStringLower(Hmac($"{time - 301}.{{}}"))}")]))
            .Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
    }

    [Fact]
    public async Task A_token_or_nothing_may_be_asked_for()
    {
        using var nobody = api.Host.Client();
        var token = await PublishAsync(new { auth = "token", secret = "HOOK" });
        var open = await PublishAsync(new { auth = "none", methods = new[] { "GET", "PUT" } });

        (await SendAsync(nobody, token, "{}", [("X-Webhook-Token", "wrong")])).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        var first = (await SendAsync(nobody, token, "{}", [("X-Webhook-Token", Secret), ("Idempotency-Key", "k")])).Ok(HttpStatusCode.Accepted);
        Assert.Equal(first.Id, (await SendAsync(nobody, token, "{}", [("Authorization", $"Bearer {Secret}"), ("Idempotency-Key", "k")])).Ok(HttpStatusCode.Accepted).Id);
        (await nobody.GetAsync($"webhooks/default/{open}")).Ok(HttpStatusCode.Accepted);
        (await SendAsync(nobody, open, "{}", [])).Fails(HttpStatusCode.MethodNotAllowed, "METHOD_NOT_ALLOWED");
    }

    [Fact]
    public async Task An_address_leads_only_to_what_is_published_there()
    {
        using var nobody = api.Host.Client();
        using var owner = api.Host.Owner();
        var (path, workflow) = await PublishWithIdAsync(new { auth = "none" });
        await api.Host.CreateTenantAsync("webhook-stranger");

        (await SendAsync(nobody, "no/such", "{}", [])).Fails(HttpStatusCode.NotFound, "WEBHOOK_NOT_FOUND");
        (await nobody.PostAsync($"webhooks/webhook-stranger/{path}", "{}")).Fails(HttpStatusCode.NotFound, "WEBHOOK_NOT_FOUND");
        (await SendAsync(nobody, path, "{}", [])).Ok(HttpStatusCode.Accepted);
        await api.Host.ScalarAsync<int>("update workflows set enabled = false where id = $1 returning 1", workflow);
        (await SendAsync(nobody, path, "{}", [])).Fails(HttpStatusCode.NotFound, "WEBHOOK_NOT_FOUND");

        var other = (await owner.CreateWorkflowAsync(Definition(path, new { auth = "none" }))).Id;
        (await owner.PostAsync($"workflows/{other}/publish")).Fails(HttpStatusCode.Conflict, "WEBHOOK_PATH_TAKEN");
    }

    [Fact]
    public async Task A_body_beyond_the_limit_or_that_cannot_be_stored_is_refused()
    {
        using var nobody = api.Host.Client();
        var path = await PublishAsync(new { auth = "none" });

        (await SendAsync(nobody, path, $"\"{new string('x', Limits.WebhookBodyBytes)}\"", [])).Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
        (await SendAsync(nobody, path, "{", [])).Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        (await SendAsync(nobody, path, "{\"a\":\"\\u0000\"}", [])).Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
    }

    [Fact]
    public async Task A_call_may_wait_and_is_told_when_it_takes_longer()
    {
        using var nobody = api.Host.Client();
        var path = await PublishAsync(new { auth = "none", respond = "wait", waitSeconds = 1 });

        var answer = (await SendAsync(nobody, path, "{}", [])).Ok(HttpStatusCode.Accepted); // no worker runs here

        Assert.Equal("queued", answer.Data.GetProperty("status").GetString());
        Assert.Equal("wait=1", Assert.Single(answer.Headers.GetValues("Preference-Applied")));
    }

    private Task<long> CountAsync() => api.Host.ScalarAsync<long>("select count(*) from executions");

    private async Task<string> PublishAsync(object settings) => (await PublishWithIdAsync(settings)).Path;

    private async Task<(string Path, Guid Workflow)> PublishWithIdAsync(object settings)
    {
        using var owner = api.Host.Owner();
        await owner.PostAsync("secrets", new { name = "HOOK", value = Secret });
        var path = $"shop/{Guid.CreateVersion7():N}";
        return (path, await owner.CreatePublishedAsync(Definition(path, settings)));
    }

    private static object Definition(string path, object settings)
    {
        var trigger = JsonSerializer.SerializeToNode(settings)!.AsObject();
        trigger["id"] = "hook";
        trigger["type"] = "webhook";
        trigger["path"] = path;
        return new { schema = 1, triggers = new[] { trigger }, nodes = new object[] { new { id = "only", type = "noop" } }, edges = Array.Empty<object>() };
    }

    private static Task<Answer> SendAsync(ApiClient client, string path, string body, (string, string)[] headers) =>
        client.SendAsync(HttpMethod.Post, $"webhooks/default/{path}", ApiClient.Json(body), headers);

    private static (string Name, string Value)[] Standard(string body, string secret = Secret, string? id = null, DateTimeOffset? at = null)
    {
        id ??= $"msg_{Guid.CreateVersion7():N}";
        var time = (at ?? TimeProvider.System.GetUtcNow()).ToUnixTimeSeconds();
        return
        [
            ("webhook-id", id),
            ("webhook-timestamp", time.ToString(CultureInfo.InvariantCulture)),
            ("webhook-signature", $"v1,{Convert.ToBase64String(Hmac($"{id}.{time}.{body}", secret))}"),
        ];
    }

    private static byte[] Hmac(string content, string secret = Secret) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(content));
}

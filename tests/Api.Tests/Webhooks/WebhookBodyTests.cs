using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Webhooks;

/// <summary>What a webhook makes of a body: nothing of it is lost, and the input says what it is.</summary>
public sealed class WebhookBodyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Secret = "correct horse battery staple";

    [Theory]
    [InlineData(
        Form, "6E616D653D4B254333254243632B78267461673D61267461673D62", "form", """{"name":"Küc x","tag":["a","b"]}""")]
    [InlineData(Form + "; charset=iso-8859-1", "613D25464326623D", "form", """{"a":"ü","b":""}""")]
    [InlineData(Form, "6126613D312641", "form", """{"a":["","1"],"A":""}""")]
    [InlineData(Form, "613D2530", "form", """{"a":"%0"}""")]
    [InlineData("application/json", "EFBBBF7B2261223A317D", "json", """{"a":1}""")]
    [InlineData("application/json; charset=iso-8859-1", "22FC22", "json", "\"ü\"")]
    [InlineData("application/vnd.x+json; charset=utf-16", "2200FC002200", "json", "\"ü\"")]
    [InlineData("application/json", "FEFF002200FC0022", "json", "\"ü\"")]
    [InlineData("text/plain; charset=windows-1252", "80", "text", "\"€\"")]
    [InlineData("text/plain", "EFBBBF41", "text", "\"A\"")]
    [InlineData("application/xml", "3C612F3E", "text", "\"<a/>\"")]
    [InlineData(null, "68656C6C6F", "text", "\"hello\"")]
    [InlineData(null, "FF00", "base64", "\"/wA=\"")]
    [InlineData("text/plain", "C328", "base64", "\"wyg=\"")]
    [InlineData("text/plain", "4100", "base64", "\"QQA=\"")]
    [InlineData("text/plain; charset=klingon", "41", "base64", "\"QQ==\"")]
    [InlineData("application/octet-stream", "68656C6C6F", "base64", "\"aGVsbG8=\"")]
    [InlineData("image/png", "89504E47", "base64", "\"iVBORw==\"")]
    [InlineData("application/json", "", null, "null")]
    public async Task A_body_is_what_its_headers_say(string? type, string hex, string? encoding, string body)
    {
        var input = await InputOfAsync(Convert.FromHexString(hex), type);

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(body), input.GetProperty("body")), input.GetRawText());
        Assert.Equal(encoding, input.GetProperty("encoding").GetString());
        Assert.Equal(type?.Split(';')[0], input.GetProperty("contentType").GetString());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("deflate")]
    [InlineData("raw-deflate")]
    [InlineData("br")]
    [InlineData("identity")]
    [InlineData("gzip, br")]
    public async Task A_compressed_body_is_read(string encoding)
    {
        var body = """{"a": "ü"}"""u8.ToArray();
        foreach (var step in encoding.Split(", "))
        {
            body = Compress(body, step);
        }

        var input = await InputOfAsync(
            body, "application/json", encoding.Replace("raw-", "", StringComparison.Ordinal));

        Assert.Equal("ü", input.GetProperty("body").GetProperty("a").GetString());
    }

    [Fact]
    public async Task A_compressed_body_is_bounded_by_what_it_stands_for()
    {
        using var nobody = api.Host.Client();
        var path = await PublishAsync(new { auth = "none" });
        Task<Answer> Send(byte[] body, string encoding) => nobody.SendAsync(
            HttpMethod.Post, $"webhooks/default/{path}", Content(body, "text/plain", encoding));

        var bomb = Compress(new byte[50_000_000], "gzip");
        (await Send(bomb, "gzip")).Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
        (await Send(Compress(bomb, "br"), "gzip, br")).Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
        (await Send([1, 2, 3], "gzip")).Fails(HttpStatusCode.BadRequest, "BAD_REQUEST");
        (await Send(Compress("hello hello hello"u8.ToArray(), "gzip")[..^9], "gzip")).Fails(
            HttpStatusCode.BadRequest, "BAD_REQUEST");
        (await Send(Compress("hello hello hello"u8.ToArray(), "deflate")[..^9], "deflate")).Fails(
            HttpStatusCode.BadRequest, "BAD_REQUEST");
        (await Send(Compress("hello hello hello"u8.ToArray(), "br")[..^3], "br")).Fails(
            HttpStatusCode.BadRequest, "BAD_REQUEST");
        (await Send([1, 2, 3], "br")).Fails(HttpStatusCode.BadRequest, "BAD_REQUEST");
        (await Send([1, 2, 3], "zstd")).Fails(HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
        (await Send([1], "gzip, gzip, gzip, gzip")).Fails(
            HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
        var many = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a=1&", Limits.CallFields + 1)));
        (await nobody.SendAsync(HttpMethod.Post, $"webhooks/default/{path}", Content(many, Form, null)))
            .Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
        (await nobody.SendAsync(
            HttpMethod.Post, $"webhooks/default/{path}", Content([0x22, 0xFC, 0x22], "application/json", null)))
            .Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
    }

    [Fact]
    public async Task Query_keys_that_come_more_than_once_are_lists()
    {
        var input = await InputOfAsync([], null, query: "?tag=a&tag=b&one=a,b&T%C3%BC=%FF&tag=&Tag=x&flag");

        var expected = JsonElement.Parse(
            """{"tag": ["a", "b", ""], "one": "a,b", "T\u00FC": "\uFFFD", "Tag": "x", "flag": ""}""");
        Assert.True(JsonElement.DeepEquals(expected, input.GetProperty("query")), input.GetRawText());
    }

    [Fact]
    public async Task A_signed_delivery_is_taken_once_whichever_path_it_comes_by()
    {
        using var nobody = api.Host.Client();
        var first = await PublishAsync(new { auth = "hmac", secret = "HOOK" });
        var second = await PublishAsync(new { auth = "hmac", secret = "HOOK" });
        var signed = Signed("{}");

        (await nobody.SendAsync(
            HttpMethod.Post, $"webhooks/default/{first}", ApiClient.Json("{}"), signed)).Ok(HttpStatusCode.Accepted);

        (await nobody.SendAsync(HttpMethod.Post, $"webhooks/default/{second}", ApiClient.Json("{}"), signed))
            .Fails(HttpStatusCode.Conflict, "WEBHOOK_REPLAYED");
        (await nobody.SendAsync(
            HttpMethod.Post,
            $"webhooks/default/{second}",
            ApiClient.Json("{}"),
            Signed("{}"))).Ok(HttpStatusCode.Accepted);
    }

    private async Task<JsonElement> InputOfAsync(byte[] body, string? type, string? encoding = null, string query = "")
    {
        using var nobody = api.Host.Client();
        var path = await PublishAsync(new { auth = "none" });
        var started = (await nobody.SendAsync(
            HttpMethod.Post, $"webhooks/default/{path}{query}", Content(body, type, encoding)))
            .Ok(HttpStatusCode.Accepted);
        return JsonElement.Parse(
            await api.Host.ScalarAsync<string>("select input::text from executions where id = $1", started.Id));
    }

    private static ByteArrayContent Content(byte[] body, string? type, string? encoding)
    {
        var content = new ByteArrayContent(body);
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        if (encoding is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        return content;
    }

    private static byte[] Compress(byte[] body, string encoding)
    {
        using var buffer = new MemoryStream();
        using (Stream stream = encoding switch
        {
            "gzip" or "x-gzip" => new GZipStream(buffer, CompressionLevel.Optimal, leaveOpen: true),
            "deflate" => new ZLibStream(buffer, CompressionLevel.Optimal, leaveOpen: true),
            "raw-deflate" => new DeflateStream(buffer, CompressionLevel.Optimal, leaveOpen: true),
            "br" => new BrotliStream(buffer, CompressionLevel.Fastest, leaveOpen: true),
            _ => new BufferedStream(buffer),
        })
        {
            stream.Write(body);
            if (encoding == "identity")
            {
                return body;
            }
        }

        return buffer.ToArray();
    }

    private async Task<string> PublishAsync(object settings)
    {
        using var owner = api.Host.Owner();
        await owner.PostAsync("secrets", new { name = "HOOK", value = Secret });
        var path = $"body/{Guid.CreateVersion7():N}";
        var trigger = JsonSerializer.SerializeToNode(settings)!.AsObject();
        (trigger["id"], trigger["type"], trigger["path"]) = ("hook", "webhook", path);
        await owner.CreatePublishedAsync(new
        {
            schema = 1,
            triggers = new[] { trigger },
            nodes = new object[] { new { id = "only", type = "noop" } },
            edges = Array.Empty<object>(),
        });
        return path;
    }

    private static (string Name, string Value)[] Signed(string body)
    {
        var id = $"msg_{Guid.CreateVersion7():N}";
        var time = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{id}.{time}.{body}"));
        return
        [
            ("webhook-id", id),
            ("webhook-timestamp", time),
            ("webhook-signature", $"v1,{Convert.ToBase64String(signature)}"),
        ];
    }
}

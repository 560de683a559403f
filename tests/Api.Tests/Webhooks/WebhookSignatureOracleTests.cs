using System.Globalization;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Http;
using StandardWebhooks;
using Workflows.Api.Http.Security;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Tests.Webhooks;

/// <summary>
/// What others sign, we take, and nothing that was touched since: the library of Standard Webhooks, and the vectors
/// that senders publish.
/// </summary>
public sealed class WebhookSignatureOracleTests
{
    private const string StripeSignature = "799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f";
    private const string OtherSignature = "5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd";

    private static readonly Gen<string> Piece = Gen.OneOf("{", "}", "\"", "ö", "\U0001F600", "a", " ", "\n", ".", "1");

    private static readonly Gen<(byte[] Key, string Id, long Time, string Body)> Call =
        from key in Gen.Byte.Array[24, 64]
        from id in Gen.Char.AlphaNumeric.Array[1, 40].Select(letters => "msg_" + new string(letters))
        from time in Gen.Long[1, 4_000_000_000]
        from body in Piece.Array[0, 60].Select(string.Concat)
        select (key, id, time, body);

    [Fact]
    public void Calls_that_the_library_signs_are_valid_and_touched_ones_are_not() => Gen.Select(
        Call, Gen.Int[0, 5], Gen.Int[0, 10_000]).Sample(
        (call, what, where) =>
        {
            var secret = "whsec_" + Convert.ToBase64String(call.Key);
            var signature = new StandardWebhook(secret)
                .Sign(call.Id, DateTimeOffset.FromUnixTimeSeconds(call.Time), call.Body);
            var headers = Standard(call.Id, call.Time, signature);

            Assert.True(
                IsValid(WebhookScheme.Standard, secret, headers, call.Body, call.Time),
                $"{signature} over {call}");

            var (id, time, body) = (call.Id, call.Time, call.Body);
            switch (what)
            {
                case 0:
                    id += "x";
                    break;
                case 1:
                    time++;
                    break;
                case 2:
                    body = body.Insert(where % (body.Length + 1), "!");
                    break;
                case 3:
                    body = body.Length > 0 ? body.Remove(where % body.Length, 1) : "x";
                    break;
                case 4:
                    byte[] key = [.. call.Key];
                    key[where % key.Length] ^= 1;
                    secret = "whsec_" + Convert.ToBase64String(key);
                    break;
                default:
                    var bytes = Convert.FromBase64String(signature[3..]);
                    bytes[where % bytes.Length] ^= (byte)(1 << (where % 8));
                    signature = "v1," + Convert.ToBase64String(bytes);
                    break;
            }

            Assert.False(
                IsValid(WebhookScheme.Standard, secret, Standard(id, time, signature), body, time),
                $"{what} at {where} went unseen: {call}");
        },
        iter: 2_000);

    [Fact]
    public void The_vector_of_the_Standard_Webhooks_specification_is_valid() => Assert.True(IsValid(
        WebhookScheme.Standard,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        Standard("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        """{"test": 2432232314}""",
        1_614_265_330));

    // docs.github.com, "Validating webhook deliveries".
    [Theory]
    [InlineData("Hello, World!", true)]
    [InlineData("Hello, World", false)]
    public void The_vector_that_GitHub_documents_is_told_from_another_body(string body, bool isValid) => Assert.Equal(
        isValid, IsValid(
        WebhookScheme.Github,
        "It's a Secret to Everybody",
        new HeaderDictionary
        {
            ["X-Hub-Signature-256"] = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        },
        body,
        now: 0));

    // By the command that Stripe's own tests document: printf 't.body' | openssl dgst -sha256 -hmac 'secret'. The
    // secret is the key as it is, prefix and all.
    [Theory]
    [InlineData($"t=1492774577,v1={StripeSignature},v0={OtherSignature}", true)]
    [InlineData($"t=1492774577,v1={OtherSignature},v1={StripeSignature}", true)]
    [InlineData($"t=1492774577,v0={StripeSignature}", false)]
    [InlineData($"t=1492774577,v1={OtherSignature}", false)]
    [InlineData($"t=1492774578,v1={StripeSignature}", false)]
    [InlineData($"v1={StripeSignature}", false)]
    public void A_header_as_Stripe_writes_it_is_valid_by_its_v1_only(string header, bool isValid) => Assert.Equal(
        isValid, IsValid(
        WebhookScheme.Stripe,
        "whsec_test_secret",
        new HeaderDictionary { ["Stripe-Signature"] = header },
        """{"id":"evt_1"}""",
        1_492_774_577));

    private static HeaderDictionary Standard(string id, long time, string signature) => new()
    {
        ["webhook-id"] = id,
        ["webhook-timestamp"] = time.ToString(CultureInfo.InvariantCulture),
        ["webhook-signature"] = signature,
    };

    private static bool IsValid(
        WebhookScheme scheme,
        string secret,
        HeaderDictionary headers,
        string body,
        long now) => WebhookSignatures.IsValid(
        new WebhookTrigger(
            "x", ["POST"], WebhookAuth.Hmac, scheme, "HOOK", ToleranceSeconds: 300, [], default, WaitSeconds: 10),
        secret, headers, Encoding.UTF8.GetBytes(body), DateTimeOffset.FromUnixTimeSeconds(now), out _);
}

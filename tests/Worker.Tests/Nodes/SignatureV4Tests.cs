using System.Text;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>
/// The test store's judge of signatures, held to the examples of the Amazon S3 API reference ("Signature calculations
/// for the authorization header: transferring payload in a single chunk"), so that it says more than that two
/// programs of ours agree.
/// </summary>
public sealed class SignatureV4Tests
{
    private const string Empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private const string Key = "AKIAIOSFODNN7EXAMPLE";
    private const string OfTheFirst = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

    private static readonly SignatureV4 Judge = new(Key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1");

    private static readonly DateTimeOffset Now = new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, string, string, string, string, string> Examples => new()
    {
        { "GET", "/test.txt", "range=bytes=0-9", Empty, "", OfTheFirst },
        {
            "PUT", "/test%24file.text", "date=Fri, 24 May 2013 00:00:00 GMT|x-amz-storage-class=REDUCED_REDUNDANCY",
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", "Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        },
        {
            "GET", "/?lifecycle", "", Empty, "",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        },
        {
            "GET", "/?max-keys=2&prefix=J", "", Empty, "",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        },
    };

    [Theory]
    [MemberData(nameof(Examples))]
    public void The_published_examples_pass(
        string method, string target, string headers, string hash, string body, string signature)
    {
        Assert.Null(Judge.FindProblem(Request(method, target, headers, hash, body, signature), Now));
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "method", "SignatureDoesNotMatch" },
        { "target", "SignatureDoesNotMatch" },
        { "header", "SignatureDoesNotMatch" },
        { "body", "XAmzContentSHA256Mismatch" },
        { "unsigned header", "AccessDenied" },
        { "key", "InvalidAccessKeyId" },
        { "region", "AuthorizationHeaderMalformed" },
        { "time", "RequestTimeTooSkewed" },
        { "nothing signed", "AccessDenied" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_changed_request_does_not_pass(string change, string problem)
    {
        var good = Request("GET", "/test.txt", "range=bytes=0-9", Empty, "", OfTheFirst);
        var headers = new Dictionary<string, string>(good.Headers);
        switch (change)
        {
            case "header":
                headers["range"] = "bytes=0-8";
                break;
            case "unsigned header":
                headers["x-amz-acl"] = "public-read";
                break;
            case "key":
                Replace(headers, Key, "AKIAI44QH8DHBEXAMPLE");
                break;
            case "region":
                Replace(headers, "us-east-1", "eu-west-1");
                break;
            case "nothing signed":
                headers.Remove("authorization");
                break;
        }

        var bad = good with
        {
            Method = change == "method" ? "DELETE" : good.Method,
            Target = change == "target" ? "/test.txt2" : good.Target,
            Headers = headers,
            Body = change == "body" ? [1] : good.Body,
        };

        Assert.Equal(problem, Judge.FindProblem(bad, change == "time" ? Now.AddMinutes(15).AddSeconds(1) : Now));
    }

    private static void Replace(Dictionary<string, string> headers, string before, string after) =>
        headers["authorization"] = headers["authorization"].Replace(before, after, StringComparison.Ordinal);

    private static SignedRequest Request(
        string method, string target, string more, string hash, string body, string signature)
    {
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = "examplebucket.s3.amazonaws.com",
            ["x-amz-content-sha256"] = hash,
            ["x-amz-date"] = "20130524T000000Z",
        };
        foreach (var header in more.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = header.Split('=', 2);
            headers[parts[0]] = parts[1];
        }

        headers["authorization"] = $"AWS4-HMAC-SHA256 Credential={Key}/20130524/us-east-1/s3/aws4_request, "
            + $"SignedHeaders={string.Join(';', headers.Keys)}, Signature={signature}";
        return new SignedRequest(method, target, headers, Encoding.ASCII.GetBytes(body));
    }
}

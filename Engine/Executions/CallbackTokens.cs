using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>The wait that a one-time address stands for, and the method it may be called with (null = any).</summary>
/// <param name="IsSigned">Its node asks for a signature: whoever takes the call looks there for what it must be.</param>
public sealed record CallbackTarget(Guid TenantId, Guid ExecutionId, string NodeId, string Iteration, string? Method, bool IsSigned = false);

/// <summary>
/// The tokens of one-time addresses. A token names its wait and bears the HMAC-SHA256 of that under a key that only the platform has: nothing has to be
/// stored for it, every worker makes the same, and none can be guessed or changed. The key is derived from the secret that API and workers share.
/// </summary>
public sealed class CallbackTokens
{
    private const int MacBytes = 32;
    private const int IdBytes = 16;
    private const int SignedFlag = 0x80;
    private const int HeadBytes = 1 + IdBytes + IdBytes;

    private readonly byte[] _key;
    private readonly byte[][] _known;

    /// <param name="secret">What API and workers share for this; the key is derived from it.</param>
    /// <param name="former">Secrets of before: tokens made with one are known, none is made with it any more.</param>
    public CallbackTokens(string secret, params IEnumerable<string> former)
    {
        _key = Derive(secret);
        _known = [_key, .. former.Select(Derive)];
    }

    public string Create(CallbackTarget target)
    {
        var name = Encoding.UTF8.GetBytes($"{target.NodeId}\0{target.Iteration}");
        var token = new byte[HeadBytes + name.Length + MacBytes];
        token[0] = (byte)(Array.IndexOf(WaitForWebhookNode.Methods, target.Method) | (target.IsSigned ? SignedFlag : 0));
        target.TenantId.TryWriteBytes(token.AsSpan(1), bigEndian: true, out _);
        target.ExecutionId.TryWriteBytes(token.AsSpan(1 + IdBytes), bigEndian: true, out _);
        name.CopyTo(token, HeadBytes);
        HMACSHA256.HashData(_key, token.AsSpan(..^MacBytes), token.AsSpan(^MacBytes..));
        return Base64Url.EncodeToString(token);
    }

    /// <summary>False for whatever this platform did not make.</summary>
    public bool TryRead(string text, [NotNullWhen(true)] out CallbackTarget? target)
    {
        target = null;
        if (text.Length > Limits.CallbackTokenLength || !Base64Url.IsValid(text))
        {
            return false;
        }

        var token = Base64Url.DecodeFromChars(text);
        if (token.Length < HeadBytes + MacBytes || !Array.Exists(_known, key => IsMadeWith(key, token)))
        {
            return false;
        }

        var name = Encoding.UTF8.GetString(token.AsSpan(HeadBytes..^MacBytes)).Split('\0');
        target = new CallbackTarget(
            new Guid(token.AsSpan(1, IdBytes), bigEndian: true),
            new Guid(token.AsSpan(1 + IdBytes, IdBytes), bigEndian: true),
            name[0],
            name[1],
            WaitForWebhookNode.Methods[token[0] & ~SignedFlag],
            (token[0] & SignedFlag) != 0);
        return true;
    }

    private static bool IsMadeWith(byte[] key, byte[] token) => CryptographicOperations.FixedTimeEquals(
        HMACSHA256.HashData(key, token.AsSpan(..^MacBytes)), token.AsSpan(^MacBytes..));

    private static byte[] Derive(string secret) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), MacBytes, info: "callbacks"u8.ToArray());
}

/// <summary>Where the API is reached from outside, and the tokens behind it.</summary>
public sealed class CallbackAddresses(Uri publicUrl, CallbackTokens tokens)
{
    private readonly string _base = publicUrl.AbsoluteUri.TrimEnd('/');

    public string Of(CallbackTarget target) => $"{_base}/api/v1/callbacks/{tokens.Create(target)}";
}

/// <summary><c>callbacks</c>: the one-time address of each waitForWebhook node.</summary>
internal sealed class CallbacksScope(Frame frame) : ScopeObject
{
    /// <summary>Undefined where there is no address to give.</summary>
    public static JsonataValue Of(Frame frame)
    {
        var scope = new CallbacksScope(frame);
        return frame.State.Facts.Callbacks is not null && scope.Keys.Any() ? JsonataValue.FromObject(scope) : JsonataValue.Undefined;
    }

    public override IEnumerable<string> Keys =>
        frame.State.Workflow.Nodes.Where(node => node.Action is WaitForWebhookAction && FrameOf(node.Ordinal) is not null).Select(node => node.Id);

    public override bool TryGetValue(string key, out JsonataValue value)
    {
        value = default;
        var ordinal = frame.State.Workflow.OrdinalOf(key);
        if (ordinal < 0 || frame.State.Workflow.Nodes[ordinal].Action is not WaitForWebhookAction action
            || FrameOf(ordinal) is not { } waiting || frame.State.Facts is not { Callbacks: { } addresses } facts)
        {
            return false;
        }

        value = JsonataValue.FromString(addresses.Of(new CallbackTarget(facts.TenantId, facts.ExecutionId, key, waiting.Iteration, action.Method, action.Signature is not null)));
        return true;
    }

    /// <summary>The frame in which the node waits, as seen from here: this one or one around it; null for a node of another body.</summary>
    private Frame? FrameOf(int ordinal)
    {
        var candidate = frame;
        while (candidate is not null && (ordinal < candidate.Graph.First || ordinal >= candidate.Graph.First + candidate.Graph.Count))
        {
            candidate = candidate.Loop?.Parent;
        }

        return candidate;
    }
}

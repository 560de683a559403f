using System.Collections.Frozen;
using System.Text;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Testing;

/// <summary>
/// What a node answers that a test does not execute and that nobody has pinned: an answer of the shape that its type
/// has, with as little in it as there may be. Types of which nothing is known in advance answer null.
/// </summary>
internal static class OutputSamples
{
    private const string Http = """{"status":200,"headers":{},"body":null,"bodyEncoding":"none"}""";

    private static readonly FrozenDictionary<string, string> Known = new Dictionary<string, string>
    {
        ["http"] = Http,
        ["email"] = """{"messageId":"","accepted":[]}""",
        ["notify"] = """{"recipients":0,"unknown":[]}""",
        ["store"] = """{"value":null,"version":0}""",
        ["sql"] = """{"rows":[],"rowsProcessed":0,"truncated":false}""",
        ["approval"] = """{"outcome":"approved","requestId":null,"decisions":[],"form":null}""",
        ["sessionReply"] = """{"text":"","input":""}""",
        ["delay"] = """{"dueAt":null}""",
        ["waitUntil"] = """{"dueAt":null}""",
        ["waitForWebhook"] =
            """{"method":"POST","headers":{},"query":{},"body":null,"contentType":null,"encoding":"json"}""",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>UTF-8 JSON.</summary>
    public static ReadOnlyMemory<byte> Of(NodeType type) => Encoding.UTF8.GetBytes(
        Known.TryGetValue(type.Name, out var sample) ? sample
        : type is CustomNode { Effect: NodeEffect.Effect } ? Http
        : "null");
}

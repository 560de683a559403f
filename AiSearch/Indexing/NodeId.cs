using System.Security.Cryptography;
using System.Text;

namespace Workflows.AiSearch.Indexing;

/// <summary>Nodes have a name within their workflow only: what is found needs an id of its own, the same each
/// time.</summary>
internal static class NodeId
{
    /// <summary>A UUID of version 8 out of the workflow's id and the node's.</summary>
    public static Guid Of(Guid workflowId, string nodeId)
    {
        var hash = SHA256.HashData([.. workflowId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(nodeId)])
            .AsSpan(0, 16);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }
}

using System.Buffers;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>
/// Paths of files as nodes name them: segments divided by '/', none of which can mean anything but a name. What passes here can leave no folder and no
/// prefix.
/// </summary>
public static class FilePaths
{
    private const int PathLength = 500;
    private const int SegmentLength = 200;

    private static readonly SearchValues<char> Reserved = SearchValues.Create("\\:*?\"<>|");

    /// <summary>The path, if it is one.</summary>
    /// <exception cref="ConnectorException">It is not.</exception>
    public static string Checked(string path)
    {
        if (path.Length is 0 or > PathLength)
        {
            throw new ConnectorException("FILE_PATH", $"A path has 1 to {PathLength} characters.");
        }

        foreach (var segment in path.Split('/'))
        {
            // Dots at the end and characters such as ':' have meanings of their own on some file systems.
            if (segment.Length is 0 or > SegmentLength || segment.EndsWith('.') || segment.Trim().Length != segment.Length
                || segment.AsSpan().ContainsAny(Reserved) || segment.AsSpan().ContainsAnyInRange('\0', '\u001f'))
            {
                throw new ConnectorException("FILE_PATH", "A path consists of names divided by '/': none is empty, begins or ends with a space, ends with a dot, or holds \\ : * ? \" < > |.");
            }
        }

        return path;
    }
}

namespace Workflows.Engine.Definitions;

/// <summary>
/// Node ids: a letter, then letters, digits, '_' and '-' of ASCII. They become JSONata names, header values, keys and paths.
/// </summary>
internal static class NodeIds
{
    public static bool IsValid(string id)
    {
        if (id.Length is 0 or > Limits.NodeIdLength || !char.IsAsciiLetter(id[0]))
        {
            return false;
        }

        foreach (var character in id)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('_' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}

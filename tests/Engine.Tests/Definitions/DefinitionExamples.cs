namespace Workflows.Engine.Tests.Definitions;

/// <summary>The definitions that a page of the documentation shows whole.</summary>
internal static class DefinitionExamples
{
    private const string Fence = "```";

    public static List<string> Of(string page) =>
    [
        .. File.ReadAllText(Path.Combine(Repository.Root, page)).ReplaceLineEndings("\n").Split($"{Fence}json\n")[1..]
            .Select(part => part[..part.IndexOf(Fence, StringComparison.Ordinal)])
            .Where(text => text.TrimStart().StartsWith("{\n  \"schema\": 1", StringComparison.Ordinal)
                || text.TrimStart().StartsWith("{\"schema\": 1", StringComparison.Ordinal)),
    ];
}

namespace Workflows.Engine.Tests;

/// <summary>The checked-out repository around the test program, for documents that must say what the code says.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>
    /// Fails when the document differs from what the code says; run with WORKFLOWS_UPDATE_DOCS=1 to write it instead.
    /// </summary>
    public static void AssertDocument(string path, string expected)
    {
        var file = Path.Combine(Root, path);
        if (Environment.GetEnvironmentVariable("WORKFLOWS_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(file, expected);
        }

        Assert.True(File.Exists(file), $"{path} is missing; run with WORKFLOWS_UPDATE_DOCS=1 to write it.");
        Assert.Equal(expected, File.ReadAllText(file).ReplaceLineEndings("\n"));
    }

    private static string FindRoot(string folder) =>
        File.Exists(Path.Combine(folder, "Workflows.Aspire.slnx"))
            ? folder
            : FindRoot(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("There is no Workflows.Aspire.slnx above the tests."));
}

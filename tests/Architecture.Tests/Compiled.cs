using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Workflows.Architecture.Tests;

/// <summary>Types as ArchUnitNET reads them from IL: those of the product, and those of an example.</summary>
internal static class Compiled
{
    private static readonly Lazy<IReadOnlyList<IType>> ProductTypes = new(() => Load(
        [.. SourceFile.Projects.Select(project => Path.Combine(BuildOf(project), $"Workflows.{project}.dll"))]));

    private static readonly Lazy<IReadOnlyList<MetadataReference>> Framework = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ]);

    /// <summary>Every type of the product's assemblies, read once.</summary>
    public static IReadOnlyList<IType> Product => ProductTypes.Value;

    /// <summary>The types of this C# text when it is compiled as an assembly of that project.</summary>
    public static IReadOnlyList<IType> Example(string project, string text)
    {
        var compilation = CSharpCompilation.Create(
            $"Workflows.{project}",
            [CSharpSyntaxTree.ParseText(text)],
            Framework.Value,
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release));
        var folder = Directory.CreateTempSubdirectory("workflows-architecture-");
        try
        {
            var file = Path.Combine(folder.FullName, $"Workflows.{project}.dll");
            var result = compilation.Emit(file);
            Assert.True(result.Success, string.Join(Environment.NewLine, result.Diagnostics));
            return Load(file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static List<IType> Load(params string[] files)
    {
        // The cache goes by names of assemblies, and every example bears the name of a project.
        var loader = new ArchLoader().WithoutArchitectureCache();
        foreach (var file in files)
        {
            loader.LoadFilteredDirectory(Path.GetDirectoryName(file), Path.GetFileName(file));
        }

        return [.. loader.Build().Types];
    }

    // Beside this test's own output, in the same configuration.
    private static string BuildOf(string project)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name);
    }
}

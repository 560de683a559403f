using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;

namespace Workflows.Api.WebConsole;

/// <summary>A file of the console as it was built, and its compressed forms.</summary>
/// <param name="Tag">Of its content, as an ETag.</param>
/// <param name="Encodings">Content encoding and path of each compressed form, the smallest first.</param>
internal sealed record ConsoleFile(
    string Path, string MediaType, string Tag, IReadOnlyList<(string Name, string Path)> Encodings);

/// <summary>
/// The built console. Its files are listed at start: a request names one of them, and no path of the machine. Without a
/// build the list is empty.
/// </summary>
internal sealed class ConsoleFiles
{
    /// <summary>The setting that names the folder; without it the console lies beside the program.</summary>
    public const string Setting = "Api:Console";

    private const string IndexName = "index.html";
    private static readonly (string Name, string Suffix)[] Compressed = [("br", ".br"), ("gzip", ".gz")];

    private readonly FrozenDictionary<string, ConsoleFile> _files;

    public ConsoleFiles(IConfiguration configuration)
    {
        var folder = configuration[Setting] ?? Path.Combine(AppContext.BaseDirectory, "console");
        var types =
            new FileExtensionContentTypeProvider { Mappings = { [".webmanifest"] = "application/manifest+json" } };
        var index = Path.Combine(folder, IndexName);
        Index = File.Exists(index) ? File.ReadAllText(index) : null;
        _files = (Index is null ? [] : Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Where(path => path != index && types.TryGetContentType(path, out string? _) && !IsCompressed(path))
            .ToFrozenDictionary(
                path => "/" + Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'),
                path => Describe(path, types),
                StringComparer.Ordinal);
    }

    /// <summary>The page of every route of the console; null when it was not built.</summary>
    public string? Index { get; }

    public ConsoleFile? Find(PathString path) => _files.GetValueOrDefault(path.Value ?? "");

    private static bool IsCompressed(string path) =>
        Compressed.Any(form => path.EndsWith(form.Suffix, StringComparison.Ordinal));

    private static ConsoleFile Describe(string path, FileExtensionContentTypeProvider types)
    {
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)).AsSpan(0, 8))}\"";
        types.TryGetContentType(path, out var type);
        return new ConsoleFile(
            path, IsText(type!) ? $"{type}; charset=utf-8" : type!, tag,
            [.. Compressed.Where(form => File.Exists(path + form.Suffix))
                .Select(form => (form.Name, path + form.Suffix))]);
    }

    private static bool IsText(string type) =>
        type.StartsWith("text/", StringComparison.Ordinal) || type.EndsWith("json", StringComparison.Ordinal);
}

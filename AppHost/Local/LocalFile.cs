using System.Text.Encodings.Web;
using System.Text.Json;

namespace Workflows.AppHost.Local;

/// <summary>Files with secrets: readable by their owner only, replaced as a whole or not at all.</summary>
internal static class LocalFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>One value per line, as it is: shell scripts read it too.</summary>
    public static JsonSerializerOptions Indented { get; } = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(string path, string content)
    {
        var temporary = $"{path}.new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var writer = new StreamWriter(temporary, options))
        {
            writer.WriteLine(content);
        }

        File.Move(temporary, path, overwrite: true);
    }
}

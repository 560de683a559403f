using System.Text;
using Workflows.AppHost.Local;

namespace Workflows.AppHost.Publishing;

/// <summary>
/// A file of <c>NAME=value</c> lines that whoever deploys fills in. Publishing again keeps what was filled in,
/// secrets above all: they open the data that exists. It is readable by its owner only.
/// </summary>
internal static class SettingsFile
{
    /// <param name="path">The file; it may exist.</param>
    /// <param name="introduction">The comment at its top, a line each.</param>
    /// <param name="settings">What it has to name. One with a default is the publisher's to say and always gets
    /// it.</param>
    public static void Write(string path, IEnumerable<string> introduction, IReadOnlyList<Setting> settings)
    {
        var filledIn = Read(path);
        var text = new StringBuilder();
        foreach (var line in introduction)
        {
            text.Append("# ").Append(line).Append('\n');
        }

        foreach (var setting in settings)
        {
            filledIn.Remove(setting.Name, out var value);
            var kind = setting.IsSecret ? "Secret. " : string.Empty;
            text.Append("\n# ").Append(kind).Append(setting.Comment).Append('\n');
            text.Append(setting.Name).Append('=').Append(setting.Default ?? value).Append('\n');
        }

        if (filledIn.Count > 0)
        {
            text.Append("\n# Not used by this version.\n");
            text.AppendJoin('\n', filledIn.Select(entry => $"{entry.Key}={entry.Value}")).Append('\n');
        }

        LocalFile.Write(path, text.ToString().TrimEnd('\n'));
    }

    private static OrderedDictionary<string, string> Read(string path)
    {
        var values = new OrderedDictionary<string, string>();
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            if (line.Length > 0 && line[0] != '#' && line.Split('=', 2) is [var name, var value])
            {
                values[name] = value;
            }
        }

        return values;
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Workflows.Data.Database;

/// <summary>One embedded pair <c>NNNN_what.sql</c> and <c>NNNN_what.down.sql</c>.</summary>
internal sealed partial record Migration(string Name, string Up, string Down)
{
    private const string Prefix = "Workflows.Data.Migrations.";

    /// <summary>The first line of a script whose statements run one by one, such as concurrent index builds.</summary>
    private const string NoTransaction = "-- no transaction\n";

    /// <summary>A line in a script with which older releases cannot work: they refuse to start beside it.</summary>
    private const string Breaks = "-- breaks older releases\n";

    // The driver would split a script at its semicolons, also those within the body of an SQL function (begin atomic
    // ... end).
    public string UpScript => Whole(Up);

    public string DownScript => Whole(Down);

    public bool IsWithoutTransaction => Plain(Up).StartsWith(NoTransaction, StringComparison.Ordinal);

    public bool BreaksOlder => Plain(Up).Contains(Breaks, StringComparison.Ordinal);

    /// <summary>The statements of a script without a transaction; each can be run again, and ends with a semicolon at
    /// a line's end.</summary>
    public IReadOnlyList<MigrationStep> Steps =>
    [
        .. StatementEnd().Split(Plain(Up)).Where(text => text.Trim().Length > 0)
            .Select(text => new MigrationStep(text.Trim(), PartitionsMark().Match(text) is { Success: true } mark
                ? mark.Groups[1].Value : null)),
    ];

    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Up)));

    public static IReadOnlyList<Migration> All()
    {
        var assembly = typeof(Migration).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && !name.EndsWith(".down.sql",
                StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => new Migration(
                name[Prefix.Length..^".sql".Length], Read(name), Read($"{name[..^".sql".Length]}.down.sql")))];

        string Read(string name)
        {
            using var stream = assembly.GetManifestResourceStream(name)
                ?? throw new InvalidOperationException($"Migration {name} is missing: every migration has a way down.");
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
    }

    private static string Whole(string script) =>
        $"do $migration$ begin execute $script${script}$script$; end $migration$";

    private static string Plain(string script) => script.Replace("\r\n", "\n", StringComparison.Ordinal);

    [GeneratedRegex(@";[ \t]*(?:\n|$)")]
    private static partial Regex StatementEnd();

    [GeneratedRegex(@"^-- each partition of ([a-z_]+)$", RegexOptions.Multiline)]
    private static partial Regex PartitionsMark();
}
